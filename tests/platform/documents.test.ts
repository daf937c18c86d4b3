import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withTables } from '../admin_api_document.ts';
import { withActions, withReasons } from '../audit_document.ts';
import { clientsDocument } from '../clients_document.ts';
import { configurationDocument } from '../configuration_document.ts';
import { withSealedColumns } from '../data_at_rest_document.ts';
import { databaseTypes } from '../database_types.ts';
import { errorsDocument } from '../errors_document.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { facesOfNouns, seededFaces } from '../helpers/faces.ts';
import { database, databaseUrl } from '../helpers/postgres.ts';
import { STARTED } from '../helpers/started_template.ts';
import { FILE_VERBS, STREAM_VERBS } from '../helpers/streams.ts';
import { withMetrics } from '../metrics_document.ts';
import { personalDataDocument } from '../personal_data_document.ts';
import { schemaDocument, schemaPicture } from '../schema_document.ts';
import { asvsDocument, rfc9700Document, withThreats } from '../security_document.ts';
import { withSnippets } from '../snippets.ts';
import { withAdvice } from '../troubleshooting_document.ts';

/** `make documents` sets it, to write the generated files instead of comparing them. */
const WRITES = process.env.TEST_WRITE_DOCUMENTS === 'true';

function compare(file: string, expected: string): void {
  const path = join(ROOT, file);
  if (WRITES) writeFileSync(path, expected);
  assert.equal(readFileSync(path, 'utf8'), expected, `${file} is out of date: run make documents`);
}

test('ops/docs/schema.md shows the migrated schema', async (t) => {
  const { db } = await database(t);
  compare('ops/docs/schema.md', await schemaDocument(db));
  compare('ops/docs/schema.svg', await schemaPicture(db));
});

test('ops/docs/personal-data.md shows what is stored about people', () => {
  compare('ops/docs/personal-data.md', personalDataDocument());
});

test('ops/docs/configuration.md shows the settings', () => {
  compare('ops/docs/configuration.md', configurationDocument());
});

test('ops/docs/errors.md shows all error codes', () => {
  compare('ops/docs/errors.md', errorsDocument());
});

test('ops/openapi has the descriptions of the API and the types of a client, and breaks no program of the last release', () => {
  const { status, stderr } = spawnSync(process.execPath, ['tests/openapi/check.ts', ...(WRITES ? ['--write'] : [])], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

test('ops/docs/clients.md shows the code that the tests run', () => {
  compare('ops/docs/clients.md', clientsDocument());
});

test('ops/docs/resource-servers.md shows the code that `make clients` runs', () => {
  const file = 'ops/docs/resource-servers.md';
  compare(file, withSnippets(readFileSync(join(ROOT, file), 'utf8')));
});

test('ops/docs/audit-delivery.md shows the code that the tests run, and the reasons of the code', () => {
  const file = 'ops/docs/audit-delivery.md';
  compare(file, withReasons(withSnippets(readFileSync(join(ROOT, file), 'utf8'))));
});

test('ops/docs/admin-api.md has the permissions, roles and routes of the code, and the commands that do the same', async (t) => {
  const file = 'ops/docs/admin-api.md';
  const faces = await seededFaces(await databaseUrl(t, STARTED), await facesOfNouns());
  compare(file, await withTables(readFileSync(join(ROOT, file), 'utf8'), [...faces, ...STREAM_VERBS, ...FILE_VERBS]));
});

test('ops/docs/data-at-rest.md has the sealed columns', () => {
  const file = 'ops/docs/data-at-rest.md';
  compare(file, withSealedColumns(readFileSync(join(ROOT, file), 'utf8')));
});

test('ops/docs/security*.md have the threats and the requirements of the standards', () => {
  const file = 'ops/docs/security.md';
  compare(file, withThreats(readFileSync(join(ROOT, file), 'utf8')));
  compare('ops/docs/security-asvs.md', asvsDocument());
  compare('ops/docs/security-rfc9700.md', rfc9700Document());
});

test('ops/docs/troubleshooting.md has the errors and the lines of the log', () => {
  const file = 'ops/docs/troubleshooting.md';
  compare(file, withAdvice(readFileSync(join(ROOT, file), 'utf8')));
});

test('ops/docs/audit.md has the actions of the catalogue', () => {
  const file = 'ops/docs/audit.md';
  compare(file, withActions(readFileSync(join(ROOT, file), 'utf8')));
});

test('ops/docs/monitoring.md has the metrics', () => {
  const file = 'ops/docs/monitoring.md';
  compare(file, withMetrics(readFileSync(join(ROOT, file), 'utf8')));
});

test('server/platform/database.ts has the types of the migrated schema', async (t) => {
  const { db } = await database(t);
  compare('server/platform/database.ts', await databaseTypes(db));
});
