import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OPTIONAL } from '../../server/clients/metadata_fields.ts';
import { begin, tokensFor } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';
import { authorization, authorizeUrl, userinfo } from '../helpers/relying_party.ts';
import { assertOrderly, concrete, isOAuth, openWire, routesOf } from './wire.ts';

/** Any input gets a 4xx with an error of the endpoint, never a 5xx, a stack trace or no response. */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_RATE_LIMIT: '100000', CARDEA_REGISTRATION: 'open' } });
const { issuer } = app;
const send = openWire(scope, issuer);
const party = await app.seed.party({
  metadata: {
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', CIBA_GRANT],
    backchannel_token_delivery_mode: 'ping',
    backchannel_client_notification_endpoint: 'https://rp.example.com/notified',
  },
});
const person = await app.seed.person();
const basic = authorization(party);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const VALUES: Record<string, string> = {
  empty: '',
  NUL: '%00',
  'NUL inside': 'a%00b',
  'raw NUL': 'a\x00b',
  'invalid UTF-8': '%ff%fe%c0%80',
  'raw invalid UTF-8': '\xff\xfe\xc0\x80',
  'lone surrogate': '%ed%a0%80',
  'half a percent': '%',
  'no hexadecimal': '%zz%u0041',
  'line breaks': '%0d%0aset-cookie:%20x=y%0d%0a%0d%0a<script>',
  'bidirectional override': '%e2%80%ae%e2%81%a6',
  brackets: '[object%20Object]',
  prototype: '__proto__',
  constructor: 'constructor',
  SQL: "'%20OR%201=1;--",
  path: '../../../../etc/passwd',
  number: '-1e309',
  JSON: '%7B%22a%22%3A%7B%7D%7D',
  long: 'a'.repeat(8_000),
  'long and not ASCII': '%e2%82%ac'.repeat(1_000),
};

const FIELDS = `
  grant_type client_id client_secret code code_verifier refresh_token redirect_uri scope resource
  token token_type_hint client_assertion client_assertion_type access_token xsrf logout csrf
  identifier password id_token_hint post_logout_redirect_uri state nonce prompt max_age claims request
  response_mode response_type code_challenge code_challenge_method acr_values ui_locales login_hint
  display registration request_uri dpop_jkt authorization_details user_code device_code auth_req_id
  binding_message login_hint_token requested_expiry client_notification_token request_context
  subject_token subject_token_type actor_token actor_token_type audience __proto__ constructor a%00b
  %ff
`
  .trim()
  .split(/\s+/);

const SHAPES = [
  (value: string) => value,
  (value: string) => `${value}=${value}`,
  (value: string) => `a=${value.slice(0, 7_000)}`,
];

/**
 * Each `nth` of a list, from another start for each combination of the other things that vary: so each two of them meet.
 * `make chaos` tries all combinations.
 */
const some = <T>(list: readonly T[], start: number, nth: number): readonly T[] =>
  LONG ? list : list.filter((_, n) => (n + start) % nth === 0);

for (const [place, route] of routesOf(app).entries()) {
  test(`${route.path} survives any query and any form`, async () => {
    const target = concrete(route);
    for (const [index, [name, value]] of Object.entries(VALUES).entries()) {
      const all = FIELDS.map((field) => `${field}=${value.slice(0, 200)}`).join('&');
      // Raw bytes and NULs are invalid in an HTTP target, but valid in a body.
      if (route.methods.includes('GET') && !/raw/.test(name)) {
        for (const query of [all, ...some(SHAPES, place + index, 3).map((shape) => shape(value))]) {
          if (query.length > 12_000) continue;
          assertOrderly(await send({ target: `${target}?${query}` }), `GET ${route.path} ${name}`);
        }
      }
      if (!route.methods.includes('POST')) continue;
      for (const body of [all, ...some(SHAPES, place + index, 3).map((shape) => shape(value))]) {
        // Pages do not look at client authentication.
        for (const headers of isOAuth(route) ? [FORM, { ...FORM, ...basic }] : [FORM]) {
          assertOrderly(await send({ method: 'POST', target, headers, body }), `POST ${route.path} ${name}`);
        }
      }
    }
  });

  if (!route.methods.includes('POST')) continue;
  test(`${route.path} accepts a form only`, async () => {
    const types = [
      'application/json',
      'text/plain',
      'text/xml',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      'application/x-www-form-urlencoded-x',
      '\xff',
      '/',
      'x',
      'a/b; charset="',
    ];
    const bodies = ['{"grant_type":"client_credentials"}', '\x00\xff', '[]', 'null', '{"__proto__":{"a":1}}', '{'];
    for (const [index, type] of types.entries()) {
      for (const body of some(bodies, place + index, 3)) {
        const answer = await send({
          method: 'POST',
          target: concrete(route),
          headers: { ...basic, 'content-type': type },
          body,
        });
        assertOrderly(answer, `${route.path} ${type}`);
        assert.ok(answer.status >= 400, `${route.path} ${type}: ${answer.status}`);
        if (isOAuth(route)) assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      }
    }
  });
}

test('each parameter of a valid authorization request may be garbage', async () => {
  const url = new URL(authorizeUrl({ issuer, party, params: { nonce: 'n', prompt: 'login' } }, 'v'.repeat(43)));
  const base = url.search.slice(1).split('&');
  const names = [...new Set([...url.searchParams.keys(), ...FIELDS.slice(19, -2)])];
  for (const [what, value] of Object.entries(VALUES).filter(([name]) => !/raw|long/.test(name))) {
    for (const name of names) {
      const query = [...base.filter((pair) => !pair.startsWith(`${name}=`)), `${name}=${value}`].join('&');
      assertOrderly(await send({ target: `/authorize?${query}` }), `${name}: ${what}`);
    }
  }
});

test('credentials and tokens in headers may be garbage', async () => {
  const values = [
    '',
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${Buffer.from('%ff:%00').toString('base64')}`,
    `Basic ${Buffer.from('\x00:\x00', 'latin1').toString('base64')}`,
    `Basic ${'A'.repeat(8_000)}`,
    'Bearer',
    'Bearer \xff',
    'Bearer a b',
    `Bearer ${'a'.repeat(8_000)}`,
    'DPoP x',
    'Digest x',
    '\xff\xff',
    'Basic Og==',
  ];
  for (const value of values) {
    for (const target of ['/token', '/introspect', '/revoke', '/userinfo']) {
      const answer = await send({
        method: 'POST',
        target,
        headers: { ...FORM, authorization: value },
        body: 'grant_type=client_credentials&token=x',
      });
      assertOrderly(answer, `${target} ${value}`);
      assert.ok(answer.status >= 400);
    }
  }
});

test('a value that only looks like a JWT is refused at every endpoint that accepts a token', async () => {
  const parts = [
    '',
    'e30',
    'x',
    '%00',
    'eyJhbGciOiJub25lIn0',
    'eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9',
    'a'.repeat(4_000),
  ];
  const values = parts.flatMap((one) => [`${one}.e30.x`, `e30.${one}.`, `${one}.${one}.${one}.${one}.${one}`]);
  for (const [index, value] of values.entries()) {
    const bodies = [
      `token=${value}`,
      `grant_type=refresh_token&refresh_token=${value}`,
      `grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=${value}`,
      `grant_type=urn:openid:params:grant-type:ciba&auth_req_id=${value}`,
      `scope=openid&id_token_hint=${value}`,
      `grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=${value}&subject_token_type=x`,
      `client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=${value}`,
      `request=${value}&client_id=${party.id}`,
    ];
    for (const [place, target] of [
      '/token',
      '/introspect',
      '/revoke',
      '/par',
      '/backchannel_authentication',
    ].entries()) {
      for (const body of some(bodies, index + place, 3)) {
        const answer = await send({ method: 'POST', target, headers: { ...FORM, ...basic }, body });
        assertOrderly(answer, `${target} ${body.slice(0, 80)}`);
      }
    }
    for (const target of ['/token', '/userinfo', '/par']) {
      const headers = { ...FORM, ...basic, dpop: value };
      const answer = await send({ method: 'POST', target, headers, body: 'grant_type=client_credentials' });
      assertOrderly(answer, `DPoP at ${target}`);
      assert.ok(answer.status >= 400, `DPoP at ${target}: ${answer.status}`);
    }
  }
});

test('each parameter of a backchannel request may be garbage', async () => {
  const good = { scope: 'openid', login_hint: person.email, client_notification_token: 'x' };
  const names = [
    'login_hint',
    'binding_message',
    'requested_expiry',
    'client_notification_token',
    'claims',
    'user_code',
  ];
  for (const name of names) {
    for (const [what, value] of Object.entries(VALUES)) {
      const body = `${new URLSearchParams({ ...good, [name]: '' })}`.replace(`${name}=`, `${name}=${value}`);
      const target = '/backchannel_authentication';
      const answer = await send({ method: 'POST', target, headers: { ...FORM, ...basic }, body });
      assertOrderly(answer, `${name}: ${what}`);
    }
  }
});

test('each field of a registration may be garbage', async () => {
  const fields = [
    'redirect_uris',
    'client_name',
    'jwks',
    'contacts',
    ...Object.keys(OPTIONAL),
    '__proto__',
    'constructor',
  ];
  const values = [
    null,
    true,
    -1,
    1.5,
    '',
    '\0',
    '\ud800',
    'x'.repeat(9_000),
    [],
    [[]],
    [null],
    {},
    { keys: [{}] },
    ['\0'],
  ];
  for (const field of fields) {
    for (const value of values) {
      const rest = field === 'redirect_uris' ? '' : '"redirect_uris":["https://rp.example.com/cb"],';
      const body = `{${rest}${JSON.stringify(field)}:${JSON.stringify(value)}}`;
      const headers = { 'content-type': 'application/json' };
      const answer = await send({ method: 'POST', target: '/register', headers, body });
      assertOrderly(answer, `${field} ${JSON.stringify(value).slice(0, 40)}`);
      assert.ok([201, 400].includes(answer.status), `${field}: ${answer.status}`);
    }
  }
});

test('cookies may be garbage', async () => {
  const values = [
    '=',
    ';;;',
    '\xff=\xfe',
    'cardea_session=%00; cardea_session.sig=%00',
    `cardea_session=${'x'.repeat(6_000)}`,
    'cardea_interaction=%ff; cardea_interaction.sig=a',
    'cardea_resume=__proto__',
    '__proto__=1; constructor=2',
    'cardea_session="',
    'cardea_session=%',
  ];
  const authorize = new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43)));
  for (const cookie of values) {
    for (const target of [
      '/',
      authorize.pathname + authorize.search,
      '/authorize/abc',
      '/login/abc',
      '/logout',
      '/logout/success',
    ]) {
      assertOrderly(await send({ target, headers: { cookie } }), `${target} ${cookie.slice(0, 40)}`);
    }
  }
});

test('the sign-in form may be garbage, and the visit continues', async () => {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  const cookie = browser.signedCookies('cardea_interaction');
  for (const [what, value] of Object.entries(VALUES)) {
    for (const form of [`identifier=${value}&password=x`, `identifier=x&password=${value}`, `action=${value}`]) {
      const body = `csrf=${fields.csrf}&${form}`;
      const answer = await send({ method: 'POST', target: action, headers: { ...FORM, cookie }, body });
      assertOrderly(answer, what);
      assert.equal(answer.status, 400, `${what}: ${form.slice(0, 60)}`);
    }
  }
  assert.equal((await browser.get(action)).status, 200);
});

test('a token request with one garbage field is refused with an error code of RFC 6749 §5.2', async () => {
  const codes = [
    'invalid_request',
    'invalid_client',
    'invalid_grant',
    'unauthorized_client',
    'unsupported_grant_type',
    'invalid_scope',
    'invalid_target',
  ];
  const fields = ['code', 'refresh_token', 'scope', 'resource', 'redirect_uri', 'code_verifier', 'client_id'];
  for (const [place, grant] of ['authorization_code', 'refresh_token', 'client_credentials'].entries()) {
    for (const [index, [what, value]] of Object.entries(VALUES).entries()) {
      for (const field of some(fields, place + index, 3)) {
        const answer = await send({
          method: 'POST',
          target: '/token',
          headers: { ...FORM, ...basic },
          body: `grant_type=${grant}&${field}=${value}`,
        });
        assertOrderly(answer, `${grant} ${field}: ${what}`);
        if (answer.status !== 200)
          assert.ok(codes.includes((JSON.parse(answer.body) as { error: string }).error), answer.body);
        else assert.equal(grant, 'client_credentials');
      }
    }
  }
});

test('after all of these requests the server works as before', async () => {
  const { tokens } = await tokensFor(app, party, person);
  assert.equal((await userinfo(issuer, tokens.access_token)).status, 200);
  const bad = app.logLines.filter((line) => /"level":"(error|fatal)"/.test(line));
  assert.deepEqual(bad, []);
});
