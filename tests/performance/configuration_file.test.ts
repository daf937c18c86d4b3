import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyFile, planFile } from '../../server/configuration/apply.ts';
import { readDocument } from '../../server/configuration/document.ts';
import { FILE } from '../../server/configuration/file.ts';
import { LIST_LIMIT_MAX } from '../../server/platform/listing.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { manyClients } from './configuration_file.ts';

const scope = { after };
const app = await deployment(scope);
const { runner, services } = await operationsOf(scope, app);
const CLIENTS = 450;

test('a plan reads a page of things by one statement, however many the file has', async () => {
  const file = { name: 'many.yaml', env: {}, document: readDocument(FILE, manyClients(CLIENTS), 'many.yaml') };
  const counted = async () => {
    app.statements.length = 0;
    const { steps } = await planFile(file, { db: app.db, services });
    return { steps: steps.length, statements: app.statements.length };
  };
  const before = await counted();
  assert.equal(before.steps, CLIENTS);
  await applyFile(file, runner.batch, { actor: actor(), requestId: 'a request' });
  const then = await counted();
  assert.equal(then.steps, 0);
  assert.ok(then.statements <= before.statements + Math.ceil(CLIENTS / LIST_LIMIT_MAX), String(then.statements));
});
