import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { PERMISSION_SCOPES, PERMISSIONS } from '../../server/operations/permissions.ts';
import { bearer, callApi, machineToken } from '../helpers/admin_api.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment, PASSWORD, type Party } from '../helpers/deployment.ts';
import { operationsOf } from '../helpers/operations.ts';
import { inherited } from '../helpers/processes.ts';
import { authorize, redeem, signIn, token, userinfo } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

/** `cardea operators bootstrap`, and ops/docs/admin-api.md and lists.md as they are written. */
const scope = { after };
const app = await deployment(scope);
const env = {
  CARDEA_DATABASE_URL: app.databaseUrl,
  CARDEA_MASTER_KEY: app.masterKey,
  CARDEA_DATA_DIR: app.dataDir,
  CARDEA_ISSUER: app.issuer,
};
const cli = await setUpCli(scope);
const bootstrap = ['operators', 'bootstrap'];
const rowsOf = (text: string) => cli.db.run({ name: '', text }, []);

/** The scripts of the documents by their names. */
const document = ['admin-api.md', 'lists.md']
  .map((file) => readFileSync(join(ROOT, 'ops/docs', file), 'utf8'))
  .join('\n');
const scripts = new Map(
  [...document.matchAll(/(?:<!-- run: (\w+) -->\n)?```sh\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
);
const used = new Set<string>();

/** The commands of the document that are run, in their order. */
function commandsOf(...names: string[]): string {
  for (const name of names) used.add(name);
  return names.map((name) => scripts.get(name) ?? assert.fail(`no commands ${name}`)).join('\n');
}

/** `npx cardea` is the command of this folder, `jq` reads one member as the real one does, and an error ends the script. */
const PRELUDE = `
set -euo pipefail
curl() { command curl --fail-with-body "$@" || { echo "curl failed: $*" >&2; return 1; }; }
npx() { shift; "$NODE" "$CARDEA" "$@"; }
jq() { "$NODE" -e 'const text = require("node:fs").readFileSync(process.argv[2] ?? 0, "utf8"); const found = JSON.parse(text)[process.argv[1].slice(1)]; console.log(typeof found === "string" ? found : JSON.stringify(found))' "$2" "\${3-/dev/stdin}"; }
`;

async function runShell(commands: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', PRELUDE + commands], {
    cwd: app.dataDir,
    env: {
      ...inherited(),
      ...env,
      ISSUER: app.issuer,
      NODE: process.execPath,
      CARDEA: join(ROOT, 'server/cli.ts'),
      ...more,
    },
  });
  return stdout;
}

test('the document works as it is written: bootstrap, a token for a machine, calls (curl)', async () => {
  const made = await runShell(commandsOf('bootstrap', 'machine', 'calls'), { PASSWORD });
  rememberAll(JSON.parse(readFileSync(join(app.dataDir, 'operators.json'), 'utf8')) as object);
  const { user_id, permissions } = JSON.parse(made) as { user_id: null; permissions: string[] };
  assert.deepEqual([user_id, permissions], [null, ['groups:read', 'groups:write']]);
  const changed = await runShell(commandsOf('machine', 'changes'));
  assert.match(changed, /"version":1.*"description":"Everybody who works here".*"version":2/s);
});

test('the document works as it is written: a token for a person (curl)', async () => {
  const printed = await runShell(`${commandsOf('authorize')}\nprintf '%s\\n' "$VERIFIER"`);
  const [url = '', verifier = ''] = printed.trim().split('\n');
  const browser = browserSession(app.issuer);
  const start = await browser.follow(await browser.get(url));
  const page = await signIn(browser, start, { id: '', email: 'ada@example.com', password: PASSWORD });
  const code = new URL(page.location ?? '').searchParams.get('code') ?? '';
  const redeem = `CONSOLE_ID=$(jq -r .console_client_id operators.json)\n${commandsOf('redeem')}`;
  const { user_id, permissions } = JSON.parse(await runShell(redeem, { CODE: code, VERIFIER: verifier })) as {
    user_id: string;
    permissions: string[];
  };
  const { id } = await app.seed.accounts.resolve('ada@example.com');
  assert.deepEqual([user_id, permissions], [id, ['users:read']]);
});

test('makes a person with the role, and a client with all scopes whose token works', async () => {
  const [{ count } = {}] = await app.db.run<{ count: string }>({ name: '', text: 'SELECT count(*) FROM accounts' }, []);
  assert.equal(Number(count), 1);
  const { client_id: id, client_secret: secret } = JSON.parse(
    readFileSync(join(app.dataDir, 'operators.json'), 'utf8'),
  ) as { client_id: string; client_secret: string };
  const party = { id, secret, redirectUri: '', client: undefined as never };
  const access = await machineToken(app, party, PERMISSION_SCOPES.join(' '));
  assert.deepEqual((await callApi(app, '/me', { headers: bearer(access) })).body.permissions, PERMISSIONS);
});

/** What one script leaves for the next. */
let operator: Readonly<Record<string, string>> = {};

test('the document works as it is written: a person is made, found, unlocked, signed out and disabled (curl)', async () => {
  const password = remember('password', 'Kestrel-Fjord-7-Anvil');
  const made = await runShell(
    `${commandsOf('machine', 'operator', 'create', 'create')}
     { ${commandsOf('password')} } > password.json
     ${commandsOf('find')}
     printf '\\n%s\\n%s\\n' "$TOKEN" "$USER_ID"`,
    { NEW_PASSWORD: password },
  );
  const [found = '', access = '', id = ''] = made.trim().split('\n');
  operator = { TOKEN: remember('access_token', access), USER_ID: id };
  const { items } = JSON.parse(found) as { items: { id: string; email: string; groups: string[] }[] };
  assert.deepEqual(
    items.map((one) => [one.id, one.email, one.groups]),
    [[id, 'grace@example.com', ['staff']]],
  );

  const person = { id, email: 'grace@example.com', password };
  const party = await app.seed.party();
  const { body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
  assert.equal(decodeJwt(body.id_token ?? '').sub, id);
  const useToken = async () => (await userinfo(app.issuer, body.access_token ?? '')).status;

  // Before each script there is something for it to do.
  const answerOf = async (name: string) =>
    JSON.parse(await runShell(commandsOf(name), operator)) as Record<string, unknown>;
  await app.seed.accounts.setGroups(id, []);
  assert.deepEqual((await answerOf('groups')).groups, ['staff']);
  assert.deepEqual((await app.seed.accounts.resolve(id)).groups, ['staff']);
  const locks = await lock(person.email);
  assert.ok((await locks(id)).length > 0);
  const [ended] = (await answerOf('unlock')).locks_ended as { factor: string }[];
  assert.equal(ended?.factor, 'password');
  assert.deepEqual(await locks(id), []);
  assert.equal(await useToken(), 200);
  const revoked = await answerOf('end');
  assert.deepEqual([revoked.revoked, revoked.user_id], ['user', id]);
  assert.equal(await useToken(), 401);
  assert.equal((await app.seed.accounts.resolve(id)).disabled, false);
  assert.equal((await answerOf('disable')).disabled, true);
  assert.equal((await app.seed.accounts.resolve(id)).disabled, true);
});

/** Guesses wrongly until the account is locked. @returns reads its locks */
async function lock(identifier: string) {
  const { services } = await operationsOf(scope, app);
  const { attempts } = await services.accountStores();
  for (let locked = false; !locked; ) {
    const guess = await attempts.reservePasswordGuess({ identifier, deviceCookie: undefined });
    locked = (await attempts.countFailure(guess)).lockedNow;
  }
  return (id: string) => attempts.locksOf(id);
}

test('the document works as it is written: people are imported and exported (curl)', async () => {
  const end = (await runShell(commandsOf('import', 'export'), operator)).trim().split('\n').at(-1) ?? '';
  assert.equal(JSON.parse(end).imported, 2);
  const lines = readFileSync(join(app.dataDir, 'people.jsonl'), 'utf8').trim().split('\n');
  // People of one batch are created in the same millisecond, so their order is that of their random ids.
  const exported = lines.map((line) => JSON.parse(line).email).toSorted();
  assert.deepEqual(exported, ['dorothy@example.com', 'grace@example.com', 'katherine@example.com']);
});

test('the document works as it is written: the audit is verified, alone and by a head that was kept (curl)', async () => {
  const lines = (await runShell(commandsOf('verify'), operator)).trim().split('\n');
  const results = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'result');
  assert.deepEqual(
    results.map(({ findings }) => findings),
    [0, 0],
  );
});

test('the document works as it is written: two pages of a list (curl)', async () => {
  const many = Array.from({ length: 28 }, (_, i) => ({ email: `staff-${i}@example.com`, groups: ['staff'] }));
  await app.seed.accounts.createAll(many);
  const idsIn = (text: string) => (JSON.parse(text) as { items: { id: string }[] }).items.map(({ id }) => id);
  const second = idsIn(await runShell(commandsOf('pages'), operator));
  const first = idsIn(readFileSync(join(app.dataDir, 'page.json'), 'utf8'));
  // With those who were imported, and without the one who is disabled.
  assert.deepEqual([first.length, second.length, new Set([...first, ...second]).size], [20, 10, 30]);
});

test('the document works as it is written: the changes of people since a time (curl)', async () => {
  const { items } = JSON.parse(await runShell(commandsOf('followed'), operator)) as { items: Record<string, string>[] };
  assert.ok(items.some(({ action }) => action === 'users.disable'));
  assert.deepEqual([...new Set(items.map(({ target_kind: kind }) => kind))], ['user']);
  const times = items.map(({ at }) => at);
  assert.deepEqual(times, times.toSorted());
});

test('the document works as it is written: a secret is replaced while the old one works (curl)', async () => {
  const id = (await runShell(`${commandsOf('client', 'rotate')}\nprintf %s "$ORDERS_ID"`, operator)).trim();
  const withSecretIn = (file: string): Party => {
    const { client_secret: secret } = JSON.parse(readFileSync(join(app.dataDir, file), 'utf8')) as {
      client_secret: string;
    };
    return { id, secret: remember('client_secret', secret), redirectUri: '', client: undefined as never };
  };
  const parties = ['orders.json', 'rotated.json'].map(withSecretIn);
  const errors = () =>
    Promise.all(
      parties.map(async (party) => {
        const { body } = await token(app.issuer, party, { grant_type: 'refresh_token', refresh_token: 'unknown' });
        return body.error;
      }),
    );
  await app.changesArrived();
  assert.deepEqual(await errors(), ['invalid_grant', 'invalid_grant'], 'both authenticate the client');
  await runShell(commandsOf('end_old'), { ...operator, ORDERS_ID: id });
  await app.changesArrived();
  assert.deepEqual(await errors(), ['invalid_client', 'invalid_grant']);
});

test('the document works as it is written: a resource server is shown (curl)', async () => {
  await app.seed.resourceServer({ identifier: 'https://orders.example.com', name: 'Orders', scopes: [] });
  await app.seed.resourceServer({ identifier: 'https://other.example.com', name: 'Other', scopes: [] });
  const shown = JSON.parse(await runShell(commandsOf('resource'), operator)) as { name: string };
  assert.equal(shown.name, 'Orders');
});

test('every script of the documents is run', () => {
  assert.deepEqual([...used].toSorted(), [...scripts.keys()].toSorted());
});

test('a dry run makes neither a person nor a client', async () => {
  const args = [...bootstrap, '--email', 'ada@example.com', '--no-password', '--client', 'ops', '--dry-run'];
  const tried = await cli.cardea([...args, '--json']);
  assert.equal(tried.code, 0, tried.stderr);
  assert.deepEqual([tried.json.email, tried.json.roles], ['a•••@e•••.com', ['cardea-admin']]);
  assert.equal((await cli.cardea(args)).stderr, '', 'no next steps with a secret that does not exist');
  for (const what of ['accounts', 'clients WHERE NOT builtin', 'audit']) {
    assert.deepEqual(await rowsOf(`SELECT id FROM ${what}`), [], what);
  }
});

test('refuses when there is an administrator already, unless it is forced', async () => {
  const first = await cli.cardea([...bootstrap, '--email', 'ada@example.com', '--no-password', '--json']);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(first.json.roles, ['cardea-admin']);
  const again = [...bootstrap, '--email', 'bob@example.com', '--password-stdin', '--client', 'ops', '--json'];
  const input = remember('password', 'Kestrel-Fjord-7-Anvil');
  const refused = await cli.cardea(again, { input });
  assert.equal(refused.code, 1);
  assert.deepEqual(await rowsOf(`SELECT id FROM clients WHERE NOT builtin`), []);
  const forced = await cli.cardea([...again, '--force'], { input });
  assert.equal(forced.code, 0, forced.stderr);
  const bob = await cli.cardea(['users', 'show', 'bob@example.com', '--json']);
  assert.equal(bob.json.password_temporary, true, 'another person gets a password for one sign-in');
});

test('gives the role to somebody who has an account, and keeps the other roles', async (t) => {
  const own = await setUpCli(t);
  await own.cardea(['roles', 'create', 'accountant']);
  const create = ['users', 'create', '--email', 'eve@example.com', '--role', 'accountant', '--no-password', '--json'];
  const { json } = await own.cardea(create);
  const made = await own.cardea([...bootstrap, '--user', 'eve@example.com', '--json']);
  assert.deepEqual([made.json.user_id, made.json.roles], [json.id, ['accountant', 'cardea-admin']]);
  const [entry] = await own.db.run<{ actor_kind: string; action: string; outcome: string }>(
    { name: '', text: `SELECT actor_kind, action, outcome FROM audit WHERE action = 'operators.bootstrap'` },
    [],
  );
  assert.deepEqual(entry, { actor_kind: 'cli', action: 'operators.bootstrap', outcome: 'done' });
});

test('of two that run at the same time one makes the administrator', async (t) => {
  const own = await setUpCli(t);
  const both = await Promise.all(
    ['a', 'b'].map((name) => own.cardea([...bootstrap, '--email', `${name}@example.com`, '--no-password'])),
  );
  assert.deepEqual(both.map(({ code }) => code).toSorted(), [0, 1]);
});

test('tells what to do next, without the secret of the client in a command', async (t) => {
  const own = await setUpCli(t);
  const made = await own.cardea([...bootstrap, '--email', 'ada@example.com', '--no-password', '--client', 'ops']);
  const secret = /client_secret +(\S+)/.exec(made.stdout)?.[1] ?? assert.fail(made.stdout);
  const id = /client_id +(\S+)/.exec(made.stdout)?.[1] ?? '';
  assert.ok(made.stderr.includes(`curl -sS -u ${id} -d grant_type=client_credentials`));
  assert.ok(!made.stderr.includes(secret));
});

test('a wrong command line is refused before anything is opened', async () => {
  for (const more of [
    [],
    ['--email', 'a@example.com', '--user', 'b'],
    ['--user', 'b', '--name', 'B'],
    ['--user', 'b', '--password-stdin'],
    ['--email', 'a@example.com', '--password-stdin', '--no-password'],
  ]) {
    assert.equal((await cli.cardea([...bootstrap, ...more])).code, 2, more.join(' '));
  }
});
