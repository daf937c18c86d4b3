import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { refresh, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { runCli } from './run_cli.ts';

const app = await deployment({ after });
const party = await app.seed.party();
const NEW_PASSWORD = remember('password', 'Kestrel-Fjord-7');
const OFFLINE = { params: { scope: 'openid offline_access', prompt: 'consent' } };
const cardea = (...args: string[]) =>
  runCli(args, { env: { CARDEA_DATABASE_URL: app.databaseUrl, CARDEA_MASTER_KEY: app.masterKey } });

describe('users sessions, end-sessions and events', () => {
  test('list a person’s sessions, sign the person out everywhere, and list the events', async () => {
    const person = await app.seed.person();
    const { tokens } = await tokensFor(app, party, person, OFFLINE);
    const other = await tokensFor(app, party, await app.seed.person(), OFFLINE);
    const listed = await cardea('users', 'sessions', person.email, '--full', '--json');
    assert.equal(listed.code, 0, listed.stderr);
    assert.equal(listed.json.length, 1);
    assert.deepEqual(listed.json[0].amr, ['pwd']);
    assert.deepEqual(listed.json[0].clients, [party.id]);
    assert.equal(listed.json[0].network, '127.0.0.1');
    const ended = await cardea('users', 'end-sessions', person.id, '--json');
    assert.deepEqual(ended.json, { id: person.id, sessions_ended: 1 });
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.equal((await refresh(app.issuer, party, String(tokens.refresh_token))).body.error, 'invalid_grant');
    assert.equal((await userinfo(app.issuer, other.tokens.access_token)).status, 200);
    const events = await cardea('users', 'events', person.email, '--json');
    assert.deepEqual(
      events.json.map(({ kind }: { kind: string }) => kind),
      ['session_ended', 'signed_in'],
    );
    assert.match((await cardea('users', 'events', person.email)).stdout, /signed_in/);
    assert.match((await cardea('users', 'sessions', person.email)).stdout, /signed in nowhere/);
  });

  for (const [what, args, kinds] of [
    ['who are disabled', ['disable'], ['signed_in']],
    ['who get another password', ['set-password', '--password-stdin'], ['password_changed', 'signed_in']],
  ] as const) {
    test(`people ${what} lose sessions and tokens at once; other people keep theirs`, async () => {
      const [person, other] = [await app.seed.person(), await app.seed.person()];
      const [ended, kept] = [await tokensFor(app, party, person, OFFLINE), await tokensFor(app, party, other, OFFLINE)];
      const [verb, ...options] = args;
      const env = { CARDEA_DATABASE_URL: app.databaseUrl, CARDEA_MASTER_KEY: app.masterKey };
      assert.equal((await runCli(['users', verb, ...options, person.email], { env, input: NEW_PASSWORD })).code, 0);
      const sessions = async (id: string) => (await cardea('users', 'sessions', id, '--json')).json.length;
      assert.deepEqual([await sessions(person.id), await sessions(other.id)], [0, 1]);
      assert.equal((await userinfo(app.issuer, ended.tokens.access_token)).status, 401);
      assert.equal((await refresh(app.issuer, party, String(ended.tokens.refresh_token))).body.error, 'invalid_grant');
      assert.equal((await userinfo(app.issuer, kept.tokens.access_token)).status, 200);
      assert.equal((await refresh(app.issuer, party, String(kept.tokens.refresh_token))).status, 200);
      const events = await cardea('users', 'events', person.email, '--json');
      assert.deepEqual(
        events.json.map(({ kind }: { kind: string }) => kind),
        kinds,
      );
    });
  }

  test('the new password of a person is told by a mail', async () => {
    const person = await app.seed.person();
    const env = { CARDEA_DATABASE_URL: app.databaseUrl, CARDEA_MASTER_KEY: app.masterKey };
    const args = ['users', 'set-password', '--password-stdin', person.email];
    assert.equal((await runCli(args, { env, input: NEW_PASSWORD })).code, 0);
    const outbox = join(app.dataDir, 'outbox');
    await until('the mail', () =>
      readdirSync(outbox).some(
        (name) => name.includes('password_changed') && readFileSync(join(outbox, name), 'utf8').includes(person.email),
      ),
    );
  });

  test('report a person who does not exist', async () => {
    for (const what of ['sessions', 'end-sessions', 'events']) {
      const answer = await cardea('users', what, 'nobody@example.com');
      assert.equal(answer.code, 1);
    }
  });
});
