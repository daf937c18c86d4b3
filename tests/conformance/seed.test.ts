import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCli } from '../cli/run_cli.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { rememberAll } from '../helpers/secrets.ts';
import { type Automation, drive } from './drive.ts';

const suite = createServer((_request, response) => {
  // The suite's scripts wait for this page.
  response.setHeader('content-type', 'text/html').end('<!doctype html><p id="submission_complete">done</p>');
});
await new Promise<void>((listening) => suite.listen(0, '127.0.0.1', listening));
after(() => void suite.close());
const SUITE = `http://localhost:${(suite.address() as AddressInfo).port}`;
const app = await deployment({ after }, { env: { CARDEA_PROFILE: 'oidc' } });
const env = {
  CARDEA_DATABASE_URL: app.databaseUrl,
  CARDEA_MASTER_KEY: app.masterKey,
  CARDEA_DATA_DIR: app.dataDir,
  CARDEA_ISSUER: app.issuer,
  CARDEA_PROFILE: 'oidc',
};
const cardea = (...args: string[]) => runCli(['conformance', ...args], { env });

/** The suite's configuration for one plan. */
interface Configuration extends Automation {
  readonly alias: string;
  readonly server: { readonly discoveryUrl: string };
  readonly client: { readonly client_id: string; readonly client_secret: string };
  readonly person: { readonly email: string; readonly password: string };
  /** Other automation for some modules. */
  readonly override: Readonly<Record<string, Automation>>;
}

async function seed(plan: string, ...more: readonly string[]): Promise<Configuration> {
  const { code, stdout, stderr } = await cardea('seed', plan, '--suite', SUITE, ...more);
  assert.equal(code, 0, stderr);
  return rememberAll(JSON.parse(stdout)) as Configuration;
}

describe('cardea conformance', () => {
  test('lists the plans, each with its profile and variant', async () => {
    const { json } = await cardea('list', '--json');
    const basic = json.find((one: { name: string }) => one.name === 'basic');
    assert.deepEqual(basic, {
      name: 'basic',
      plan: 'oidcc-basic-certification-test-plan',
      profile: 'oidc',
      variant: '[server_metadata=discovery][client_registration=static_client]',
    });
  });

  test('refuses an unknown plan, a suite without TLS, and a server in production', async () => {
    const unknown = await cardea('seed', 'nothing');
    assert.deepEqual([unknown.code, /there is no plan "nothing"; one of .*basic/.test(unknown.stderr)], [2, true]);
    const plain = await cardea('seed', 'basic', '--suite', 'http://suite.example.com');
    assert.deepEqual([plain.code, /suite: .* must be https/.test(plain.stderr)], [1, true]);
    const production = { ...env, NODE_ENV: 'production' };
    const refused = await runCli(['conformance', 'seed', 'basic'], { env: production });
    assert.deepEqual([refused.code, /for development/.test(refused.stderr)], [1, true]);
  });

  test('writes the configuration to a file that only its owner can read, and nothing to standard output', async () => {
    const file = join(app.dataDir, 'basic.json');
    const { code, stdout } = await cardea('seed', 'config', '--suite', SUITE, '--out', file);
    assert.deepEqual([code, stdout, statSync(file).mode & 0o777], [0, '', 0o600]);
    const written = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(written.server.discoveryUrl, `${app.issuer}/.well-known/openid-configuration`);
  });
  test('gives key pairs to the clients of a plan that needs them: the suite gets the private half, Cardea the public one', async () => {
    const { code, stdout, stderr } = await cardea('seed', 'fapi2-security-profile', '--suite', SUITE);
    assert.equal(code, 0, stderr);
    const { client, client2, resource } = JSON.parse(stdout);
    assert.deepEqual(resource, { resourceUrl: `${app.issuer}/userinfo` });
    for (const { client_id, client_secret, jwks } of [client, client2]) {
      const registered = await app.seed.clients.find(client_id);
      const { kid, d } = rememberAll(jwks.keys[0]) as Record<string, string>;
      assert.deepEqual([client_secret, typeof d], [undefined, 'string']);
      assert.deepEqual(
        registered?.metadata.jwks?.keys.map((key) => [key.kid, 'd' in key]),
        [[kid, false]],
      );
    }
  });
});

test('a later plan keeps the password of the person, so that the configurations of earlier plans stay valid', async () => {
  const [first, second] = [await seed('basic'), await seed('config')];
  assert.deepEqual(second.person, first.person);
  const account = (await app.seed.accounts.findByIdentifier(first.person.email)) ?? assert.fail();
  const set = ['users', 'set-password', account.id, '--password-stdin'];
  assert.equal((await runCli(set, { env, input: `${first.person.password}2` })).code, 0);
  await seed('basic');
  const third = await seed('config');
  assert.notEqual(third.person.password, first.person.password, 'an operator changed it');
  const text = 'SELECT DISTINCT action FROM audit WHERE target_id = ANY($1) ORDER BY action';
  const targets = [account.id, 'conformance-basic-client'];
  const done = await app.db.run<{ action: string }>({ name: '', text }, [targets]);
  assert.deepEqual(
    done.map(({ action }) => action),
    ['clients.create', 'clients.rotate_secret', 'users.create', 'users.set_password'],
  );
  assert.ok((await app.seed.clients.find('conformance-basic-client'))?.demo, 'refused in production');
});

test('each module that does something else on a page has a script of its own; the others share theirs', async () => {
  const { browser, override } = await seed('config');
  const namesOf = (automation: Automation['browser']) =>
    automation.flatMap(({ tasks }) => tasks.map(({ task }) => task));
  assert.equal(namesOf(browser).filter((one) => one === 'Back at the client').length, 1);
  const all = Object.values(override).map((one) => namesOf(one.browser));
  assert.ok(all.length > 0 && all.every((tasks) => tasks.length > 0), 'an unknown name of a script gives no task');
  assert.equal(override['oidcc-response-type-missing'], undefined, 'the error is sent to the client');
});

test('what a plan adds to a client stands beside what was made for it', async () => {
  const { code, stdout, stderr } = await cardea('seed', 'ciba-ping', '--suite', SUITE);
  assert.equal(code, 0, stderr);
  const { client } = JSON.parse(stdout);
  rememberAll(client.jwks.keys[0]);
  assert.deepEqual(
    [client.client_id, client.hint_type, client.hint_value],
    ['conformance-ciba-ping-client', 'login_hint', 'conformance@example.com'],
  );
  const registered = await app.seed.clients.find(client.client_id);
  assert.equal(
    registered?.metadata.backchannel_client_notification_endpoint,
    `${SUITE}/test/a/cardea/ciba-notification-endpoint`,
  );
  const behindProxy = await seed('ciba-ping', '--inbound', 'https://proxy.example.com');
  const moved = await app.seed.clients.find(behindProxy.client.client_id);
  assert.equal(
    moved?.metadata.backchannel_client_notification_endpoint,
    'https://proxy.example.com/test/a/cardea/ciba-notification-endpoint',
  );
});

test("the suite's browser signs in, consents and signs out by the automation that a seeded plan carries", async (t) => {
  const configuration = await seed('basic');
  const { client_id, client_secret } = configuration.client;
  const redirect_uri = `${SUITE}/test/a/${configuration.alias}/callback`;
  const browser = await launchChromium({ after: (done) => t.after(done) });
  const page = await browser.newPage();
  const query = new URLSearchParams({
    client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'openid profile email phone address',
    state: 'abc',
    nonce: 'def',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  await drive(page, configuration, `${app.issuer}/authorize?${query}`);

  const back = new URL(page.url());
  assert.equal(back.origin + back.pathname, redirect_uri);
  const answer = await fetch(`${app.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }),
  });
  const tokens = rememberAll((await answer.json()) as Record<string, unknown>);
  assert.equal(answer.status, 200, JSON.stringify(tokens.error));

  // The scope modules check every claim of OpenID Connect Core §5.4.
  const userinfo = await fetch(`${app.issuer}/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  const claims = Object.keys((await userinfo.json()) as object);
  const standard = [
    'sub',
    'name',
    'birthdate',
    'picture',
    'zoneinfo',
    'email',
    'email_verified',
    'phone_number',
    'address',
  ];
  assert.deepEqual(
    standard.filter((claim) => !claims.includes(claim)),
    [],
  );

  await drive(page, configuration, `${app.issuer}/logout`);
  assert.equal(new URL(page.url()).pathname, '/logout/success');

  const scriptOf = (module: string) => configuration.override[module] ?? assert.fail(module);
  const asked = `${app.issuer}/authorize?${query}`;
  await drive(page, scriptOf('fapi2-security-profile-final-user-rejects-authentication'), asked);
  assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
  await drive(page, scriptOf('oidcc-registration-tos-uri'), asked);
  assert.match(new URL(page.url()).pathname, /^\/login\//);
  query.set('redirect_uri', `${SUITE}/elsewhere`);
  await drive(page, scriptOf('oidcc-ensure-registered-redirect-uri'), `${app.issuer}/authorize?${query}`);
  assert.equal(new URL(page.url()).pathname, '/authorize');
  const reused = scriptOf(
    'fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds',
  );
  await drive(page, reused, asked, 1);
  assert.match(new URL(page.url()).pathname, /^\/login\//, 'the first visit only looks');
  await drive(page, reused, asked, 2);
  assert.ok(new URL(page.url()).searchParams.has('code'));
});
