import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { fieldValue } from '../helpers/html.ts';
import { authorize, authorizeUrl, redeem, refresh, token } from '../helpers/relying_party.ts';

/** A refused request tells the developer what to do, and logs one line with the request's details for the operator. */

const scope = { after };
const app = await deployment(scope);
const lax = await deployment(scope, { env: { CARDEA_PROFILE: 'oidc' } });
const { issuer } = app;
const person = await app.seed.person();
const party = await app.seed.party({ firstParty: true });
const other = await app.seed.party();
const VERIFIER = 'v'.repeat(43);

interface Line {
  msg: string;
  level: string;
  event?: string;
  reason?: string;
  description?: string;
  detail?: string;
  sent?: unknown;
  registered?: unknown;
  clientId?: string;
  requestId?: string;
  knownClient?: boolean;
}

/** The one log line of the refused request. */
async function lineOf<T>(request: () => Promise<T>): Promise<{ line: Line; answer: T }> {
  const before = app.logLines.length;
  const answer = await request();
  const lines = app.logLines.slice(before).map((line) => JSON.parse(line) as Line);
  const refused = lines.filter(({ msg }) => msg === 'refused');
  assert.equal(refused.length, 1, JSON.stringify(lines));
  const [line] = refused;
  assert.ok(line?.requestId);
  assert.equal(line.level, 'info');
  return { line, answer };
}

test('an unregistered redirect URI: the log has it and the registered ones, without query values', async () => {
  const sent = 'https://user:pw@rp.example.com/other?email=ada%40example.com#token';
  const { line } = await lineOf(() =>
    browserSession(issuer).get(authorizeUrl({ issuer, party, params: { redirect_uri: sent } }, VERIFIER)),
  );
  assert.equal(line.reason, 'invalid_redirect_uri');
  assert.equal(line.sent, 'https://rp.example.com/other?email=…');
  assert.deepEqual(line.registered, [party.redirectUri]);
  assert.equal(line.clientId, party.id);
  assert.match(line.description ?? '', /did not match any of the client's registered redirect_uris/);
});

test('an unknown client is distinguished from a known one', async () => {
  const { line } = await lineOf(() =>
    browserSession(issuer).get(authorizeUrl({ issuer, party: { ...party, id: 'notes-ap' } }, VERIFIER)),
  );
  assert.deepEqual([line.reason, line.clientId, line.knownClient], ['invalid_client', 'notes-ap', false]);
});

test('an unregistered scope', async () => {
  const { body } = await redeem(issuer, party, await authorize({ issuer, party, person }));
  const { line } = await lineOf(() =>
    token(issuer, party, {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token ?? '',
      scope: 'openid notes:write',
    }),
  );
  assert.deepEqual([line.reason, line.sent], ['invalid_scope', 'openid notes:write']);
  assert.equal(line.registered, party.client.metadata.scope);
});

test('a wrong secret: the log has the method of authentication, never the secret', async () => {
  const { line } = await lineOf(() =>
    token(issuer, { ...party, secret: 'not-the-secret' }, { grant_type: 'client_credentials' }),
  );
  assert.deepEqual([line.reason, line.detail], ['invalid_client', 'invalid secret provided']);
  assert.deepEqual([line.sent, line.registered], ['authorization header: Basic', 'client_secret_basic']);
  assert.ok(!app.logLines.join('').includes('not-the-secret'));
});

test('an unregistered method of authentication: the client learns what to change', async () => {
  const open = await app.seed.party({ public: true });
  const { answer } = await lineOf(() => refresh(issuer, { ...open, secret: 'invented' }, 'x'.repeat(43)));
  assert.match(String(answer.body.error_description), /registered as token_endpoint_auth_method/);
});

test('another response type: the client learns what to set, in a redirect and in a form', async () => {
  const asked = async (response_mode: string, response_type: string, issuer: string, party: Party) => {
    const params = { response_type, response_mode, nonce: 'n' };
    const page = await browserSession(issuer).get(authorizeUrl({ issuer, party, params }, VERIFIER));
    const { hash } = new URL(page.location ?? 'about:blank');
    return page.location === undefined
      ? fieldValue(page, 'error_description')
      : new URLSearchParams(hash.slice(1)).get('error_description');
  };
  for (const mode of ['fragment', 'form_post'])
    assert.match(
      (await asked(mode, 'id_token', issuer, party)) ?? '',
      /response_type=code.*CARDEA_PROFILE=oidc$/,
      mode,
    );
  const registered = await asked('fragment', 'id_token', lax.issuer, await lax.seed.party());
  assert.match(registered ?? '', /not registered for this response_type/);
});

const GRANTS: Readonly<Record<string, { send(): ReturnType<typeof token>; description: RegExp; detail: RegExp }>> = {
  'an invented code': {
    send: () => redeem(issuer, party, { code: 'x'.repeat(43), verifier: VERIFIER }),
    description: /^the code is unknown, expired, already used or of another client: begin again/,
    detail: /^authorization code not found$/,
  },
  'a code with another redirect URI': {
    send: async () =>
      redeem(issuer, { ...party, redirectUri: `${party.redirectUri}/` }, await authorize({ issuer, party, person })),
    description: /^redirect_uri must be exactly the one of the authorization request$/,
    detail: /redirect_uri mismatch/,
  },
  'a code with another verifier': {
    send: async () =>
      redeem(issuer, party, { ...(await authorize({ issuer, party, person })), verifier: 'w'.repeat(43) }),
    description: /^code_verifier does not match the code_challenge/,
    detail: /verif/i,
  },
  'a refresh token of another client': {
    send: async () => {
      const { body } = await redeem(issuer, party, await authorize({ issuer, party, person }));
      return refresh(issuer, other, body.refresh_token ?? '');
    },
    description: /unknown, expired, revoked, already used or of another client: ask the person to sign in again$/,
    detail: /^client mismatch$/,
  },
};

for (const [name, { send, description, detail }] of Object.entries(GRANTS)) {
  test(`${name}: the client learns what to do, the log has the reason`, async () => {
    const { line, answer } = await lineOf(send);
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
    assert.match(String(answer.body.error_description), description);
    assert.match(line.detail ?? '', detail);
  });
}

test('a refresh whose stored response is replayed is not logged as a refusal', async () => {
  const { body } = await redeem(issuer, party, await authorize({ issuer, party, person }));
  const before = app.logLines.length;
  const [first, second] = [
    await refresh(issuer, party, body.refresh_token ?? ''),
    await refresh(issuer, party, body.refresh_token ?? ''),
  ];
  assert.deepEqual([first.status, second.status], [200, 200]);
  assert.deepEqual(
    app.logLines.slice(before).filter((line) => line.includes('"refused"')),
    [],
  );
});

test('a hostile value can neither fill nor forge the log', async () => {
  const { line } = await lineOf(() =>
    token(issuer, party, { grant_type: `x\n{"level":"fatal"}\u2028 ${'y '.repeat(2_500)}` }),
  );
  assert.ok(JSON.stringify(line).length < 1_000);
  assert.doesNotMatch(String(line.sent), /[\n\u2028]/);
});

test('what is no JSON is not quoted in the log', async () => {
  for (const sent of ['+4930123456', 'Ada Lovelace', '{"a": ada}']) {
    const { line } = await lineOf(() =>
      browserSession(issuer).get(authorizeUrl({ issuer, party, params: { claims: sent } }, VERIFIER)),
    );
    assert.equal(line.detail, 'it is not valid JSON', sent);
  }
});

test('a possible token or address in any parameter is not in the log', async () => {
  const secret = 'eyJhbGciOiJub25lIn0A1b2C3d4E5f6';
  const sent = `${secret} ada@example.com`;
  const grant = await lineOf(() => token(issuer, party, { grant_type: sent }));
  assert.equal(grant.line.sent, '[long] [address]');
  const client = await lineOf(() =>
    browserSession(issuer).get(authorizeUrl({ issuer, party: { ...party, id: sent } }, VERIFIER)),
  );
  assert.equal(client.line.clientId, '[long] [address]');
});

test('an error_description is ASCII (RFC 6749 §5.2)', () => {
  // Non-ASCII texts that are allowed, in a log line and on a page.
  const elsewhere = ['=…`)', " ?? '—' }"];
  /** Descriptions, which are no part of an error. */
  const descriptions = /^openapi\/|^metadata_schema\.ts$/;
  const found: string[] = [];
  for (const folder of ['oidc', 'clients', 'registration']) {
    const place = join(ROOT, 'server', folder);
    const names = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.ts'));
    for (const name of names.filter((one) => !descriptions.test(one))) {
      const code = readFileSync(join(place, name), 'utf8').replaceAll(/^\s*\/\*\*?[\s\S]*?\*\/$/gm, '');
      for (const line of code.split('\n').map((one) => one.replace(/(^|\s)\/\/ .*$/, ''))) {
        const isOutside = /[^\p{ASCII}]/u.test(line) && !elsewhere.some((one) => line.includes(one));
        if (isOutside) found.push(`${folder}/${name}: ${line.trim()}`);
      }
    }
  }
  assert.deepEqual(found, []);
});
