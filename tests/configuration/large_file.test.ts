import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { planFile } from '../../server/configuration/apply.ts';
import type { FileContent } from '../../server/configuration/file.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { operationsOf } from '../helpers/operations.ts';

const scope = { after };
const app = await operatedDatabase(scope);
const { services } = await operationsOf(scope, app);

test('a file of more things than a call can have arguments is planned', async () => {
  const THINGS = 200_000;
  const groups = Object.fromEntries(Array.from({ length: THINGS }, (_, i) => [`group-${i}`, {}]));
  const content: FileContent & Record<string, unknown> = { groups };
  const document = { value: content, placeOf: () => ({ line: 1, column: 1 }) };
  const { steps } = await planFile({ name: 'large.yaml', env: {}, document }, { db: app.db, services });
  assert.equal(steps.length, THINGS);
});
