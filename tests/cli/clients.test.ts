import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hashToken } from '../../server/platform/sealing.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { type Ran, setUpCli } from './run_cli.ts';

const BASIC = ['clients', 'create', '--name', 'Shop', '--redirect-uri', 'https://shop.example/cb'];

describe('clients create', () => {
  test('prints client_id once, and a client_secret of which only the hash is stored', async (t) => {
    const { cardea, db } = await setUpCli(t);
    const made = await cardea([
      ...BASIC,
      '--redirect-uri',
      'http://localhost:8080/cb',
      '--post-logout-redirect-uri',
      'https://shop.example/bye',
      '--scope',
      'openid email',
      '--first-party',
      '--json',
    ]);
    assert.deepEqual([made.code, made.stderr], [0, '']);
    const { client_id, client_secret, created_at, updated_at, warnings, ...rest } = made.json;
    assert.match(client_secret, /^[\w-]{43}$/);
    assert.equal(made.stdout.split(client_secret).length, 2);
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000);
    assert.deepEqual(warnings, []);
    assert.deepEqual(rest, {
      version: 1,
      client_name: 'Shop',
      kind: 'operator',
      managed_by: null,
      first_party: true,
      demo: false,
      second_factor_required: false,
      redirect_uris: ['https://shop.example/cb', 'http://localhost:8080/cb'],
      post_logout_redirect_uris: ['https://shop.example/bye'],
      scope: 'openid email',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      pkce: 'auto',
      pkce_needed: 'without_nonce',
      id_token_claims: 'full',
    });
    const rows = await db.run({ name: '', text: 'SELECT secret_hash FROM clients WHERE id = $1' }, [client_id]);
    assert.deepEqual(rows, [{ secret_hash: hashToken(client_secret) }]);
    for (const args of [
      ['clients', 'show', client_id],
      ['clients', 'show', client_id, '--json'],
      ['clients', 'list', '--json'],
    ]) {
      const shown = await cardea(args);
      assert.equal(shown.code, 0);
      assert.equal((shown.stdout + shown.stderr).includes(client_secret), false);
    }
    assert.deepEqual((await cardea(['clients', 'show', client_id, '--json'])).json, {
      client_id,
      ...rest,
      created_at,
      updated_at,
    });
  });

  test('sets the URL that an app gets logout tokens at, and removes it again', async (t) => {
    const { cardea } = await setUpCli(t);
    const uri = 'https://shop.example/logged-out';
    const made = await cardea([...BASIC, '--backchannel-logout-uri', uri, '--backchannel-logout-session', '--json']);
    const of = ({ json }: Ran) => [json.backchannel_logout_uri, json.backchannel_logout_session_required];
    assert.deepEqual(of(made), [uri, true]);
    const update = ['clients', 'update', made.json.client_id, '--json', '--backchannel-logout-uri'];
    assert.deepEqual(of(await cardea([...update, `${uri}/2`])), [`${uri}/2`, true]);
    assert.deepEqual(of(await cardea([...update, 'none'])), [undefined, undefined]);
  });

  test('prints the secret once in the output for people, and tells them to keep it', async (t) => {
    const { cardea } = await setUpCli(t);
    const { code, stdout, stderr } = await cardea(BASIC);
    assert.equal(code, 0);
    const secret = /^client_secret +(\S{43})$/m.exec(stdout)?.[1] ?? '';
    assert.notEqual(secret, '');
    assert.equal((stdout + stderr).split(secret).length, 2);
    assert.match(stderr, /Keep the secret now/);
  });

  test('sets a profile and further metadata of an app, or says which of them do not fit', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const file = join(folder, 'metadata.json');
    writeFileSync(file, JSON.stringify({ introspection_signed_response_alg: 'PS256', require_auth_time: true }));
    const { json } = await cardea([...BASIC, '--metadata-file', file, '--json']);
    assert.deepEqual([json.introspection_signed_response_alg, json.require_auth_time], ['PS256', true]);
    const laxer = await cardea(['clients', 'update', json.client_id, '--profile', 'oidc']);
    assert.equal(laxer.code, 1);
    assert.match(laxer.stderr, /^cardea: profile: /);
    const held = await cardea(['clients', 'update', json.client_id, '--profile', 'oauth21', '--json']);
    assert.equal(held.json.profile, 'oauth21');
    assert.equal(held.json.require_auth_time, true, 'options that were not given leave the metadata unchanged');
  });

  test('sets whether an app must use PKCE, and shows when it must', async (t) => {
    const { cardea } = await setUpCli(t);
    const of = ({ json }: Ran) => [json.pkce, json.pkce_needed];
    const made = await cardea([...BASIC, '--pkce', 'off', '--json']);
    assert.deepEqual(of(made), ['off', 'never']);
    const update = ['clients', 'update', made.json.client_id, '--json', '--pkce'];
    assert.deepEqual(of(await cardea([...update, 'required'])), ['required', 'always']);
    assert.deepEqual(of(await cardea([...update, 'auto'])), ['auto', 'without_nonce']);
    assert.deepEqual(of(await cardea(['clients', 'show', made.json.client_id, '--json'])), ['auto', 'without_nonce']);
    const open = await cardea([...BASIC, '--public', '--json']);
    assert.deepEqual(of(open), ['auto', 'always']);
    const refused = await cardea(['clients', 'update', open.json.client_id, '--pkce', 'off']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^cardea: pkce: /);
  });

  test('sets which claims ID tokens have, and shows the default of the profile', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const of = ({ json }: Ran) => json.id_token_claims;
    const made = await cardea([...BASIC, '--id-token-claims', 'minimal', '--json']);
    assert.equal(of(made), 'minimal');
    assert.equal(
      of(await cardea(['clients', 'update', made.json.client_id, '--json', '--id-token-claims', 'full'])),
      'full',
    );
    assert.equal(of(await cardea(['clients', 'show', made.json.client_id, '--json'])), 'full');
    const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const file = join(folder, 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [jwk] }));
    const keys = ['--auth-method', 'private_key_jwt', '--jwks-file', file];
    const strict = await cardea([...BASIC, ...keys, '--profile', 'fapi2', '--json']);
    assert.equal(strict.code, 0, strict.stderr);
    assert.equal(of(strict), 'minimal');
    assert.equal((await cardea([...BASIC, '--id-token-claims', 'all'])).code, 2);
  });

  test('makes public clients without a secret', async (t) => {
    const { cardea } = await setUpCli(t);
    const { json } = await cardea([...BASIC, '--public', '--json']);
    assert.equal('client_secret' in json, false);
    assert.equal(json.token_endpoint_auth_method, 'none');
    assert.deepEqual(json.grant_types, ['authorization_code', 'refresh_token']);
  });

  test('accepts grant types, an authentication method and keys', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const file = join(folder, 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [jwk] }));
    const service = ['clients', 'create', '--name', 'Service', '--auth-method', 'private_key_jwt', '--json'];
    const made = await cardea([...service, '--grant-type', 'client_credentials', '--jwks-file', file]);
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(made.json.jwks, { keys: [jwk] });
    assert.deepEqual(made.json.grant_types, ['client_credentials']);
    assert.equal('client_secret' in made.json, false);
    const site = await documentSite(t);
    const jwks_uri = site.put('/jwks', { keys: [jwk] });
    const remote = await cardea([...service, '--jwks-uri', jwks_uri]);
    assert.equal(remote.json.jwks_uri, jwks_uri);
    const silent = await cardea([...service, '--jwks-uri', `${site.origin}/nothing`]);
    assert.equal(silent.code, 1);
    assert.match(silent.stderr, /^cardea: jwks_uri: /);
    assert.equal((await cardea(service)).code, 1);
    writeFileSync(file, '{');
    assert.match((await cardea([...service, '--jwks-file', file])).stderr, /is not JSON/);
  });
});

describe('clients', () => {
  test('get and lose claims and the operator’s policy for token exchange', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const { client_id } = (await cardea([...BASIC, '--json'])).json;
    const file = join(folder, 'policy.json');
    const update = (option: string, content: unknown) => {
      writeFileSync(file, JSON.stringify(content));
      return cardea(['clients', 'update', client_id, option, file, '--json']);
    };
    const claims = [{ claim: 'tenant', into: ['id_token'], from: { static: 'acme' } }];
    const exchange = { subject_clients: ['web'], targets: ['https://api.example'], delegation: true };
    assert.deepEqual((await update('--claims-file', claims)).json.claim_mapping, claims);
    const { json } = await update('--exchange-file', exchange);
    assert.deepEqual(json.token_exchange, { ...exchange, subject_audiences: [], impersonation: false });
    assert.deepEqual(json.claim_mapping, claims, 'nothing else has changed');
    const wrong = await update('--claims-file', [{ ...claims[0], claim: 'sub' }]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /claim_mapping\[0\]\.claim/);
    await update('--claims-file', []);
    const none = (await update('--exchange-file', null)).json;
    assert.deepEqual([none.claim_mapping, none.token_exchange], [undefined, undefined]);
  });

  test('are listed in columns', async (t) => {
    const { cardea } = await setUpCli(t);
    assert.equal((await cardea(['clients', 'list'])).stdout, 'There are no clients.\n');
    assert.deepEqual((await cardea(['clients', 'list', '--json'])).json, []);
    await cardea([...BASIC, '--public']);
    const [head = '', row = ''] = (await cardea(['clients', 'list'])).stdout.split('\n');
    assert.match(head, /^CLIENT ID +CLIENT NAME +/);
    assert.equal(row.indexOf('Shop'), head.indexOf('CLIENT NAME'));
    assert.equal(row.indexOf('none'), head.indexOf('TOKEN ENDPOINT AUTH METHOD'));
  });

  test('get a new secret, and the old one stops working', async (t) => {
    const { cardea, db } = await setUpCli(t);
    const { client_id, client_secret: old } = (await cardea([...BASIC, '--json'])).json;
    const { code, json } = await cardea(['clients', 'rotate-secret', client_id, '--json']);
    assert.equal(code, 0);
    assert.equal(json.client_id, client_id);
    assert.notEqual(json.client_secret, old);
    const rows = await db.run({ name: '', text: 'SELECT secret_hash FROM clients' }, []);
    assert.deepEqual(rows, [{ secret_hash: hashToken(json.client_secret) }]);
  });

  test('have two secrets for a while, one of which can be ended', async (t) => {
    const { cardea, db } = await setUpCli(t);
    const { client_id, client_secret: old } = (await cardea([...BASIC, '--json'])).json;
    const rotate = (...options: string[]) => cardea(['clients', 'rotate-secret', client_id, ...options, '--json']);
    const hashes = async () => {
      const text = 'SELECT secret_hash, previous_secret_hash FROM clients';
      return Object.values((await db.run({ name: '', text }, []))[0] ?? {});
    };
    const { code, json } = await rotate('--overlap', '24h');
    assert.equal(code, 0);
    const end = Date.parse(json.previous_secret_expires_at);
    assert.ok(Math.abs(end - Date.now() - 24 * 3_600_000) < 60_000);
    assert.deepEqual(await hashes(), [hashToken(json.client_secret), hashToken(old)]);
    const shown = (await cardea(['clients', 'show', client_id, '--json'])).json;
    assert.equal(shown.previous_secret_expires_at, json.previous_secret_expires_at);
    assert.equal((await rotate('--overlap', '1h')).code, 1);
    const ended = (await rotate('--end', 'new')).json;
    assert.deepEqual([ended.client_id, ended.previous_secret_expires_at], [client_id, undefined]);
    assert.deepEqual(await hashes(), [hashToken(old), null]);
    assert.equal((await rotate('--end', 'old')).code, 1);
    for (const options of [
      ['--overlap', 'soon'],
      ['--overlap', '91d'],
      ['--end', 'both'],
      ['--end', 'old', '--overlap', '1h'],
    ]) {
      assert.equal((await rotate(...options)).code, 2, options.join(' '));
    }
    assert.equal((await cardea(['clients', 'show', client_id, '--json'])).json.previous_secret_expires_at, undefined);
  });

  test('get other redirect URIs, scopes, names, grant types and methods by options, or fail as a whole', async (t) => {
    const { cardea } = await setUpCli(t);
    const { client_id } = (await cardea([...BASIC, '--json'])).json;
    const update = (...options: string[]) => cardea(['clients', 'update', client_id, ...options, '--json']);
    const uris = ['https://shop.example/a', 'https://shop.example/b'];
    const { json } = await update(
      ...uris.flatMap((uri) => ['--redirect-uri', uri]),
      ...['--post-logout-redirect-uri', 'https://shop.example/bye', '--scope', 'openid email', '--name', 'Store'],
      ...['--grant-type', 'authorization_code', '--auth-method', 'client_secret_post', '--first-party'],
    );
    assert.deepEqual(
      [json.redirect_uris, json.post_logout_redirect_uris, json.scope, json.client_name, json.grant_types],
      [uris, ['https://shop.example/bye'], 'openid email', 'Store', ['authorization_code']],
    );
    assert.deepEqual(
      [json.token_endpoint_auth_method, json.first_party, json.version],
      ['client_secret_post', true, 2],
    );
    const half = await update('--name', 'Half', '--redirect-uri', 'javascript:x');
    assert.equal(half.code, 1);
    assert.match(half.stderr, /^cardea: redirect_uris: /);
    const shown = (await cardea(['clients', 'show', client_id, '--json'])).json;
    assert.deepEqual([shown.client_name, shown.version], ['Store', 2]);
    assert.equal((await update('--no-first-party')).json.first_party, false);
    assert.equal((await update()).code, 2);
  });

  test('are warned of a scope that no API has, which is named on standard error', async (t) => {
    const { cardea } = await setUpCli(t);
    const api = ['--identifier', 'https://api.example', '--name', 'API', '--scope', 'api:read'];
    await cardea(['resources', 'create', ...api]);
    const made = await cardea([...BASIC, '--scope', 'openid api:read api:raed', '--json']);
    assert.equal(made.code, 0);
    assert.match(made.stderr, /api:raed/);
    assert.doesNotMatch(made.stderr, /api:read/);
    assert.equal((await cardea([...BASIC, '--scope', 'openid api:read', '--json'])).stderr, '');
    const updated = await cardea(['clients', 'update', made.json.client_id, '--scope', 'openid api:wirte', '--json']);
    assert.deepEqual([updated.code, updated.json.scope], [0, 'openid api:wirte']);
    assert.match(updated.stderr, /api:wirte/);
  });

  test('are deleted', async (t) => {
    const { cardea } = await setUpCli(t);
    const { client_id } = (await cardea([...BASIC, '--json'])).json;
    const { code, json } = await cardea(['clients', 'delete', client_id, '--json']);
    assert.deepEqual([code, json], [0, { client_id, deleted: true }]);
    assert.equal((await cardea(['clients', 'show', client_id])).code, 1);
  });
});

describe('clients update --introspect', () => {
  test('is refused for public clients, is shown, and can be turned off', async (t) => {
    const { cardea } = await setUpCli(t);
    const { client_id } = (await cardea([...BASIC, '--json'])).json;
    const update = (id: string, which: string) => cardea(['clients', 'update', id, '--introspect', which, '--json']);
    assert.equal((await update(client_id, 'all')).json.introspect, 'all');
    assert.equal((await cardea(['clients', 'show', client_id, '--json'])).json.introspect, 'all');
    assert.equal((await update(client_id, 'own')).json.introspect, undefined);
    const open = (await cardea([...BASIC, '--public', '--json'])).json;
    const refused = await update(open.client_id, 'all');
    assert.deepEqual([refused.code, /introspect/.test(refused.stderr)], [1, true], refused.stderr);
  });
});

describe('resources', () => {
  test('are created, listed, shown, changed and deleted', async (t) => {
    const { cardea } = await setUpCli(t);
    const identifier = 'https://api.example/v1';
    const args = ['--identifier', identifier, '--name', 'API', '--scope', 'read write', '--json'];
    const made = await cardea(['resources', 'create', ...args]);
    assert.equal(made.code, 0, made.stderr);
    const { created_at, updated_at, ...rest } = made.json;
    assert.equal(updated_at, created_at);
    const token_typ = 'at+jwt';
    const own = { identifier, version: 1, managed_by: null, name: 'API', scopes: ['read', 'write'] };
    assert.deepEqual(rest, { ...own, open: false, clients: [], token_typ });
    assert.ok(Date.parse(created_at));
    assert.deepEqual((await cardea(['resources', 'list', '--json'])).json, [made.json]);
    assert.deepEqual((await cardea(['resources', 'show', identifier, '--json'])).json, made.json);
    assert.equal((await cardea(['resources', 'create', ...args])).code, 1);
    const { client_id } = (await cardea([...BASIC, '--json'])).json;
    const update = (...options: string[]) => cardea(['resources', 'update', identifier, ...options, '--json']);
    const withoutTime = ({ json: { updated_at: _, ...json } }: Ran) => json;
    const changed = { ...rest, created_at, name: 'Orders', scopes: ['read'], open: true, clients: [client_id] };
    const options = ['--name', 'Orders', '--scope', 'read', '--open', '--client', client_id];
    assert.deepEqual(withoutTime(await update(...options)), { ...changed, version: 2 });
    assert.deepEqual(withoutTime(await update('--no-open')), { ...changed, version: 3, open: false });
    const last = { ...changed, version: 4, clients: [] };
    assert.deepEqual(withoutTime(await update('--no-clients', '--open')), last);
    assert.deepEqual(withoutTime(await cardea(['resources', 'show', identifier, '--json'])), last);
    assert.equal((await update('--token-typ', 'JWT')).json.token_typ, 'JWT');
    assert.equal((await update('--token-typ', 'jwt')).code, 2);
    const unknown = await update('--client', 'nobody');
    assert.deepEqual([unknown.code, /^cardea: clients: "nobody" /.test(unknown.stderr)], [1, true], unknown.stderr);
    assert.equal((await update()).code, 2);
    assert.equal((await update('--client', client_id, '--no-clients')).code, 2);
    assert.equal((await cardea(['resources', 'update', 'https://other.example', '--name', 'X'])).code, 1);
    assert.equal((await cardea(['resources', 'delete', identifier])).code, 0);
    assert.deepEqual((await cardea(['resources', 'list', '--json'])).json, []);
    const spring = await cardea(['resources', 'create', ...args, '--token-typ', 'JWT']);
    assert.equal(spring.json.token_typ, 'JWT');
    assert.match((await cardea(['resources', 'list'])).stdout, /JWT/);
  });
});
