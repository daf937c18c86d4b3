import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

/** ops/docs/migration.md as it is written, with the examples that it names. */
const scope = { after };
const { cardea, folder, url, masterKey } = await setUpCli(scope);
const SECRET = remember('client_secret', 'the-secret-that-the-shop-has-had-at-Keycloak');
const PASSWORDS: Readonly<Record<string, string>> = {
  'ada@example.com': remember('password', 'Kestrel-Fjord-7'),
  'grace@example.com': remember('password', 'Kestrel-Fjord-7'),
  'joan@example.com': remember('password', 'user1password'),
};
const blocks = [...readFileSync(join(ROOT, 'ops/docs/migration.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)];
const commands = blocks.flatMap(([, text = '']) => text.trim().split('\n'));
const place = (path: string) => (path.startsWith('ops/') ? join(ROOT, path) : join(folder, path));
const said: string[] = [];

test('the commands of ops/docs/migration.md work as they stand, in their order', async () => {
  assert.equal(commands.length, 14);
  for (const command of commands) {
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const args = words.map((word) => (/\.(ts|json|jsonl|txt|yaml)$/.test(word) ? place(word) : word));
    if (words[0] === 'export') assert.equal(command, `export SECRET_OF_SHOP=${SECRET}`);
    else if (words[0] === 'node') {
      const { status, stdout, stderr } = spawnSync(process.execPath, args.slice(1, 3), { encoding: 'utf8' });
      assert.deepEqual([status, words[3]], [0, '>'], stderr);
      writeFileSync(args[4] ?? '', stdout);
      said.push(stderr);
    } else {
      const { code, stdout, stderr } = await cardea(args.slice(2), { env: { SECRET_OF_SHOP: SECRET } });
      assert.equal(code, 0, `${command}: ${stderr}`);
      said.push(stdout, stderr);
    }
  }
});

test('what is lost is told: passkeys, patterns, the password grant, SAML and scopes of others', () => {
  const text = said.join('\n');
  for (const part of [
    'credential of type webauthn is not carried over',
    'shop: the redirect URI https://*.example.com/* is a pattern',
    'shop: the grant password does not exist',
    'shop: scopes of your own are not carried over: orders',
    'orders-api: is not carried over: it is an API',
    'old: is not carried over: Cardea has no saml',
  ])
    assert.ok(text.includes(part), part);
  assert.ok(!readFileSync(join(folder, 'clients.yaml'), 'utf8').includes(SECRET));
});

test('people sign in with their passwords and keep their sub, at a client with its old id, secret and URIs', async () => {
  const app = await deployment(scope, { databaseUrl: url, masterKey });
  const party = await app.seed.party();
  for (const [email, password] of Object.entries(PASSWORDS)) {
    assert.ok((await authorize({ issuer: app.issuer, party, person: { id: '', email, password } })).code, email);
  }
  const subs = ['ada', 'grace', 'joan'].map(async (name) => {
    const { json } = await cardea(['users', 'show', `${name}@example.com`, '--json']);
    return json.sub ?? json.id;
  });
  assert.deepEqual(await Promise.all(subs), [
    '3c1b4a0e-0000-4000-8000-000000000001',
    'auth0|5f6a7b8c9d0e1f2a3b4c5d6e',
    'kX2vB7qY9sT1',
  ]);
  const { json: shop } = await cardea(['clients', 'show', 'shop', '--json']);
  assert.deepEqual(
    [shop.redirect_uris, shop.post_logout_redirect_uris, shop.backchannel_logout_uri, shop.first_party],
    [['https://shop.example.com/callback'], ['https://shop.example.com/bye'], 'https://shop.example.com/logout', true],
  );
  const { json: spa } = await cardea(['clients', 'show', 'spa', '--json']);
  assert.deepEqual(
    [spa.token_endpoint_auth_method, spa.post_logout_redirect_uris, spa.first_party, spa.pkce],
    ['none', ['https://spa.example.com/'], false, 'required'],
  );
  const answer = await fetch(`${app.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`shop:${SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  assert.notEqual(answer.status, 401, await answer.text());
});
