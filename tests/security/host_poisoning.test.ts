import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { begin } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { authorize, authorizeUrl } from '../helpers/relying_party.ts';
import { assertOrderly, send, type WireRequest } from './wire.ts';

/** Host poisoning (couch-auth CVE-2025-70948): URLs are built from the issuer, never from the request. */

const scope = { after };
const plain = await deployment(scope);
const proxied = await deployment(scope, { env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1' } });

const EVIL = 'evil.test';
const HOSTILE: readonly (readonly [string, string])[][] = [
  [['host', EVIL]],
  [
    ['host', `${EVIL}:80`],
    ['x-forwarded-host', EVIL],
  ],
  [
    ['x-forwarded-host', EVIL],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-port', '666'],
  ],
  [['x-forwarded-host', `${EVIL}, localhost`]],
  [['x-forwarded-proto', 'javascript']],
  [['forwarded', `for=192.0.2.1;host=${EVIL};proto=https`]],
  [
    ['x-original-url', `https://${EVIL}/`],
    ['x-rewrite-url', `https://${EVIL}/`],
  ],
  [
    ['x-forwarded-prefix', `/${EVIL}`],
    ['x-forwarded-path', `/${EVIL}`],
    ['x-forwarded-uri', `/${EVIL}`],
  ],
  [
    ['x-host', EVIL],
    ['x-forwarded-server', EVIL],
    ['x-http-host-override', EVIL],
    ['x-script-name', `/${EVIL}`],
  ],
  [['host', `localhost@${EVIL}`]],
  [['host', '']],
];

for (const [name, app] of [
  ['no proxy is trusted', plain],
  ['the sender is a trusted proxy', proxied],
] as const) {
  const { issuer } = app;
  const variants = (
    target: string,
    more: Omit<WireRequest, 'target' | 'headers'> = {},
    own: [string, string][] = [],
  ) => [
    ...HOSTILE.map((headers): WireRequest => ({ ...more, target, headers: [...own, ...headers] })),
    // RFC 9112 §3.2.2: the request target may contain a host too
    { ...more, target: `http://${EVIL}${target}`, headers: own },
    { ...more, target: `https://${EVIL}${target}`, headers: [...own, ['host', EVIL] as const] },
  ];

  test(`documents and pages never name another host (${name})`, async () => {
    for (const path of [
      '/',
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/logout',
    ]) {
      const honest = await send(issuer, { target: path });
      for (const request of variants(path)) {
        const answer = await send(issuer, request);
        const what = JSON.stringify(request);
        assertOrderly(answer, what);
        assert.equal(answer.status, honest.status, what);
        assert.equal(new URL(answer.headers.get('location') ?? '/', issuer).origin, issuer, what);
        assert.ok(!answer.body.includes(EVIL), what);
        if (path !== '/logout') assert.equal(answer.body, honest.body, what);
      }
    }
  });

  test(`redirects stay at the issuer (${name})`, async () => {
    const party = await app.seed.party();
    const { pathname, search } = new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43)));
    for (const request of variants(pathname + search)) {
      const answer = await send(issuer, request);
      const what = JSON.stringify(request);
      assert.equal(answer.status, 303, `${what} ${answer.body}`);
      assert.match(new URL(answer.headers.get('location') ?? '', issuer).href, new RegExp(`^${issuer}/login/`), what);
      for (const line of answer.headers.getSetCookie()) assert.doesNotMatch(line, /domain=|evil\.test/i, what);
    }
  });

  test(`the code is issued by the issuer and sent to the client with any Host header (${name})`, async () => {
    const party = await app.seed.party({ firstParty: true });
    const person = await app.seed.person();
    const own: [string, string][] = [['content-type', 'application/x-www-form-urlencoded']];
    for (let i = 0; i < variants('/').length; i += 1) {
      const { browser, page } = await begin(app, party);
      const { action, fields } = formOf(page);
      const cookie = browser.signedCookies('cardea_interaction');
      const body = new URLSearchParams({ ...fields, identifier: person.email, password: person.password }).toString();
      const request = variants(new URL(action, issuer).pathname, { method: 'POST', body }, [
        ...own,
        ['cookie', cookie],
      ])[i];
      assert.ok(request);
      const answer = await send(issuer, request);
      const location = new URL(answer.headers.get('location') ?? 'about:blank');
      assert.equal(location.origin + location.pathname, party.redirectUri, JSON.stringify(request.headers));
      assert.equal(location.searchParams.get('iss'), issuer);
      assert.ok(location.searchParams.get('code'));
    }
  });

  test(`signing out starts and ends at the issuer (${name})`, async () => {
    const party = await app.seed.party({ public: true, firstParty: true });
    const person = await app.seed.person();
    for (let i = 0; i < variants('/').length; i += 1) {
      const { browser } = await authorize({ issuer, party, person });
      const cookie = browser.signedCookies('cardea_session');
      const ask = variants('/logout', {}, [['cookie', cookie]])[i] as WireRequest;
      const page = await send(issuer, ask);
      assert.equal(page.status, 200, page.body);
      assert.ok(!page.body.includes(EVIL), JSON.stringify(ask));
      const { action, fields } = formOf(page);
      assert.equal(new URL(action, issuer).origin, issuer, JSON.stringify(ask));
      const own: [string, string][] = [
        ['cookie', cookie],
        ['content-type', 'application/x-www-form-urlencoded'],
      ];
      const body = new URLSearchParams({ ...fields, logout: 'yes' }).toString();
      const leave = variants('/logout/confirm', { method: 'POST', body }, own)[i] as WireRequest;
      const left = await send(issuer, leave);
      assert.equal(left.status, 303, left.body);
      assert.equal(new URL(left.headers.get('location') ?? '', issuer).origin, issuer, JSON.stringify(leave.target));
    }
  });

  test(`the form that signs one person out when another signs in goes to the issuer (${name})`, async () => {
    const party = await app.seed.party({ firstParty: true });
    const [first, second] = [await app.seed.person(), await app.seed.person()];
    const own: [string, string][] = [['content-type', 'application/x-www-form-urlencoded']];
    const { browser } = await authorize({ issuer, party, person: first });
    const session = ['cardea_session', 'cardea_session.sig'].map((one) => ({
      name: one,
      value: browser.cookie(one) ?? '',
    }));
    for (let i = 0; i < variants('/').length; i += 1) {
      const again = browserSession(issuer, issuer, session);
      const { page } = await begin(app, party, { prompt: 'login' }, again);
      const { action, fields } = formOf(page);
      const cookie = again.signedCookies('cardea_session', 'cardea_interaction');
      const body = new URLSearchParams({ ...fields, identifier: second.email, password: second.password }).toString();
      const target = new URL(action, issuer).pathname;
      const request = variants(target, { method: 'POST', body }, [...own, ['cookie', cookie]])[i] as WireRequest;
      const answer = await send(issuer, request);
      assert.equal(answer.status, 200, answer.body);
      assert.equal(
        new URL(formOf(answer).action, issuer).href,
        `${issuer}/logout/confirm`,
        JSON.stringify(request.headers),
      );
    }
  });

  test(`a device shows its person the page of the issuer (${name}; RFC 8628 §3.2)`, async () => {
    const party = await app.seed.party({
      public: true,
      metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] },
    });
    const body = new URLSearchParams({ client_id: party.id, scope: 'openid' }).toString();
    const own: [string, string][] = [['content-type', 'application/x-www-form-urlencoded']];
    for (const request of variants('/device_authorization', { method: 'POST', body }, own)) {
      const answer = await send(issuer, request);
      assert.equal(answer.status, 200, answer.body);
      const { user_code: code, ...shown } = JSON.parse(answer.body) as Record<string, unknown>;
      assert.equal(shown.verification_uri, `${issuer}/device`, JSON.stringify(request));
      assert.equal(shown.verification_uri_complete, `${issuer}/device?user_code=${code}`);
    }
  });

  test(`the audience of a client assertion is a URL of the issuer, not of the Host header (${name}; RFC 7523 §3)`, async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const party = await app.seed.party({
      metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [await exportJWK(publicKey)] } },
    });
    const request = async (
      aud: string | string[],
      headers: readonly (readonly [string, string])[],
      target = '/token',
    ) => {
      const assertion = await new SignJWT({ aud })
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(party.id)
        .setSubject(party.id)
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey);
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }).toString();
      const all = [['content-type', 'application/x-www-form-urlencoded'] as const, ...headers];
      return send(issuer, { method: 'POST', target, headers: all, body });
    };
    for (const headers of HOSTILE) {
      for (const aud of [
        `http://${EVIL}`,
        `http://${EVIL}/token`,
        `https://${EVIL}/token`,
        [`${issuer}/token`, `http://${EVIL}/token`],
      ]) {
        const answer = await request(aud, headers);
        assert.equal(answer.status, 401, `${aud} ${JSON.stringify(headers)}: ${answer.body}`);
        assert.equal((JSON.parse(answer.body) as { error: string }).error, 'invalid_client');
      }
      assert.equal((await request(`${issuer}/token`, headers)).status, 200, JSON.stringify(headers));
    }
    assert.equal((await request(`http://${EVIL}/token`, [], `http://${EVIL}/token`)).status, 401);
    assert.equal((await request(issuer, [['host', EVIL]])).status, 200);
  });

  test(`tokens name the issuer (${name})`, async () => {
    const party = await app.seed.party({ public: true, firstParty: true });
    const person = await app.seed.person();
    for (const [i, headers] of HOSTILE.entries()) {
      const { code, verifier } = await authorize({ issuer, party, person });
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        client_id: party.id,
        redirect_uri: party.redirectUri,
      }).toString();
      const all = [['content-type', 'application/x-www-form-urlencoded'] as const, ...headers];
      const target = i % 2 === 0 ? '/token' : `http://${EVIL}/token`;
      const answer = await send(issuer, { method: 'POST', target, headers: all, body });
      assert.equal(answer.status, 200, answer.body);
      const { id_token } = JSON.parse(answer.body) as { id_token: string };
      assert.equal(decodeJwt(id_token).iss, issuer);
    }
  });
}
