import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AppError } from '../../server/platform/errors.ts';
import { deployment } from '../helpers/deployment.ts';
import { runCli } from './run_cli.ts';

/** A database belongs to one issuer: two on one database would rewrite each other's built-in clients. */

const scope = { after };
const app = await deployment(scope);
const { databaseUrl, masterKey, issuer, db } = app;
const env = { CARDEA_DATABASE_URL: databaseUrl, CARDEA_MASTER_KEY: masterKey };
const OTHER = 'http://localhost:4711';

const accountClient = async () => {
  const [row] = await db.run<{ metadata: { redirect_uris: string[] } }>(
    { name: '', text: "SELECT metadata FROM clients WHERE id = 'cardea-account'" },
    [],
  );
  return row?.metadata.redirect_uris;
};

test('a server with another issuer is refused with instructions, and changes nothing', async () => {
  const before = await accountClient();
  assert.deepEqual(before, [`${issuer}/account/signed-in`]);
  await assert.rejects(
    deployment(scope, { databaseUrl, masterKey, env: { CARDEA_ISSUER: OTHER } }),
    (error) =>
      error instanceof AppError &&
      error.code === 'wrong_issuer' &&
      error.message.includes(`belongs to the issuer "${issuer}", not to "${OTHER}": set`) &&
      error.message.includes(`set CARDEA_ISSUER=${issuer}`) &&
      error.message.includes(`"cardea issuer move ${OTHER}"`),
  );
  assert.deepEqual(await accountClient(), before);
});

test('a command with another issuer is refused too; without one it uses that of the database', async () => {
  const other = await runCli(['users', 'list'], { env: { ...env, CARDEA_ISSUER: OTHER } });
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^cardea: the database belongs to the issuer .*CARDEA_ISSUER=.*issuer move [^\n]*\n$/);
  assert.equal((await runCli(['users', 'list'], { env })).code, 0);
  assert.deepEqual((await runCli(['issuer', 'show', '--json'], { env: { ...env, CARDEA_ISSUER: OTHER } })).json, {
    database: issuer,
    configured: OTHER,
  });
});

test('after issuer move only the new issuer is accepted', async () => {
  const wrong = await runCli(['issuer', 'move', 'ftp://id.example.com'], { env });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /<url> must/);
  const slash = await runCli(['issuer', 'move', `${OTHER}/auth/`], { env });
  assert.equal(slash.code, 2);
  assert.ok(slash.stderr.includes(`${OTHER}/auth\n`), slash.stderr);

  const tried = await runCli(['issuer', 'move', OTHER, '--dry-run', '--json'], { env });
  assert.deepEqual([tried.json, tried.stderr], [{ before: issuer, issuer: OTHER, moved: true }, '']);
  const moved = await runCli(['issuer', 'move', OTHER, '--json'], { env: { ...env, CARDEA_ISSUER: OTHER } });
  assert.equal(moved.code, 0, moved.stderr);
  assert.deepEqual(moved.json, { before: issuer, issuer: OTHER, moved: true });
  assert.match(moved.stderr, /restart every server/);
  const again = await runCli(['issuer', 'move', OTHER, '--json'], { env });
  assert.deepEqual(again.json, { before: OTHER, issuer: OTHER, moved: false });

  const { json: entries } = await runCli(['audit', 'list', '--json'], { env });
  const [entry, ...others] = entries.filter(({ action }: { action: string }) => action === 'issuer.move');
  assert.deepEqual(others, [], 'the second has moved nothing');
  assert.deepEqual(
    [entry.actor_kind, entry.target_kind, entry.target_id, entry.outcome],
    ['cli', 'issuer', OTHER, 'done'],
  );
  assert.deepEqual(entry.changes, { issuer: { before: issuer, after: OTHER } });
  assert.match(entry.request_id, /^[0-9a-f-]{36}$/);

  await deployment(scope, { databaseUrl, masterKey, env: { CARDEA_ISSUER: OTHER } });
  assert.deepEqual(await accountClient(), [`${OTHER}/account/signed-in`]);
  await assert.rejects(deployment(scope, { databaseUrl, masterKey, env: { CARDEA_ISSUER: issuer } }), {
    code: 'wrong_issuer',
  });
});

test('an issuer can move to a path, which commands then take from the database', async () => {
  const below = `${OTHER}/auth`;
  const moved = await runCli(['issuer', 'move', below, '--json'], { env });
  assert.deepEqual(moved.json, { before: OTHER, issuer: below, moved: true });
  const shown = await runCli(['issuer', 'show', '--json'], { env: { ...env, CARDEA_ISSUER: below } });
  assert.deepEqual(shown.json, { database: below, configured: below });
  assert.equal((await runCli(['users', 'list'], { env })).code, 0);
  await deployment(scope, { databaseUrl, masterKey, env: { CARDEA_ISSUER: below } });
  assert.deepEqual(await accountClient(), [`${below}/account/signed-in`]);
});
