import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { importSecret } from '../helpers/client_changes.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { rememberAll } from '../helpers/secrets.ts';
import { parse, send, sendRaw, type WireAnswer } from '../security/wire.ts';
import { tokensFor } from './support.ts';

/** Requests as HTTP clients of many languages send them, byte for byte. */
const app = await deployment({ after });
const { issuer } = app;
const party = await app.seed.party();
const publicParty = await app.seed.party({ public: true });
const person = await app.seed.person();

const FORM = 'application/x-www-form-urlencoded';
const GRANT = 'grant_type=client_credentials';
const encoded = (id: string, secret: string) => Buffer.from(`${id}:${secret}`).toString('base64');
const BASIC = `Basic ${encoded(party.id, party.secret ?? '')}`;

interface Sent {
  readonly authorization?: string;
  readonly type?: string;
  readonly body?: string | readonly string[];
  readonly more?: readonly (readonly [string, string])[];
}

/**
 * A token request as most clients send it, except for the given parts. An empty authorization or type omits the header.
 */
async function ask({ authorization = BASIC, type = FORM, body = GRANT, more = [] }: Sent = {}): Promise<WireAnswer> {
  const headers = [['Authorization', authorization] as const, ['Content-Type', type] as const, ...more];
  return rememberSecrets(
    await send(issuer, {
      method: 'POST',
      target: '/token',
      headers: headers.filter(([, value]) => value !== ''),
      body,
    }),
  );
}

function rememberSecrets(answer: WireAnswer): WireAnswer {
  if (answer.headers.get('content-type')?.startsWith('application/json')) rememberAll(JSON.parse(answer.body));
  return answer;
}

const outcome = ({ status, body }: WireAnswer) => [status, status === 200 ? undefined : JSON.parse(body).error];
const GIVEN = [200, undefined];
const INVALID_REQUEST = [400, 'invalid_request'];
const INVALID_CLIENT = [401, 'invalid_client'];

// ---- authentication ----

test('the scheme is read in any case (RFC 9110 §11.1)', async () => {
  for (const scheme of ['basic', 'BASIC', 'bAsIc']) {
    assert.deepEqual(outcome(await ask({ authorization: BASIC.replace('Basic', scheme) })), GIVEN, scheme);
  }
});

test('spaces around the credentials do not matter (RFC 9110 §5.5, §11.4)', async () => {
  for (const authorization of [`${BASIC}  `, `${BASIC}\t`, `  ${BASIC}`, BASIC.replace(' ', '   ')]) {
    assert.deepEqual(outcome(await ask({ authorization })), GIVEN, JSON.stringify(authorization));
  }
});

test('an additional space that changes the meaning is refused', async () => {
  const { id, secret = '' } = party;
  for (const [what, authorization] of Object.entries({
    'in the id': `Basic ${encoded(`${id} `, secret)}`,
    'in the secret': `Basic ${encoded(id, `${secret} `)}`,
    'as a plus sign (RFC 6749 §2.3.1)': `Basic ${encoded(id, `${secret}+`)}`,
    'as a line end, as `echo` leaves one': `Basic ${encoded(id, `${secret}\n`)}`,
  })) {
    const [status, error] = outcome(await ask({ authorization }));
    assert.ok(
      [INVALID_CLIENT, INVALID_REQUEST].some((one) => one[0] === status && one[1] === error),
      `${what}: ${status}`,
    );
  }
  const apart = BASIC.replace(/.{8}$/, (end) => `${end.slice(0, 4)} ${end.slice(4)}`);
  assert.deepEqual(outcome(await ask({ authorization: apart })), INVALID_CLIENT, 'in the base64');
});

test('a plus sign in Basic credentials is a space, an encoded one a plus sign (RFC 6749 §2.3.1, appendix B)', async () => {
  const one = await app.seed.party();
  const secret = `a+b c%d:${randomBytes(16).toString('hex')}`;
  await importSecret(app, one, secret);
  const form = new URLSearchParams({ s: secret }).toString().slice(2);
  assert.match(form, /^a%2Bb\+c%25d%3A/);
  for (const value of [form, form.toLowerCase(), encodeURIComponent(secret)]) {
    assert.deepEqual(outcome(await ask({ authorization: `Basic ${encoded(one.id, value)}` })), GIVEN, value);
  }
  // Sent raw, a plus sign would be a space; a percent sign without two hex digits after it is not an encoding.
  assert.deepEqual(
    outcome(await ask({ authorization: `Basic ${encoded(one.id, form.replace('%2B', '+'))}` })),
    INVALID_CLIENT,
  );
  assert.deepEqual(outcome(await ask({ authorization: `Basic ${encoded(one.id, secret)}` })), INVALID_CLIENT);
  const posted = `${GRANT}&client_id=${one.id}&client_secret=${form}`;
  assert.deepEqual(outcome(await ask({ authorization: '', body: posted })), GIVEN);
});

test('Basic with the same client_id in the body is one way of authentication (RFC 6749 §3.2.1); with an empty secret, too', async () => {
  const { id } = party;
  assert.deepEqual(outcome(await ask({ body: `${GRANT}&client_id=${id}` })), GIVEN);
  assert.deepEqual(outcome(await ask({ body: `${GRANT}&client_id=${id}&client_secret=` })), GIVEN);
  assert.deepEqual(outcome(await ask({ body: `${GRANT}&client_secret=${party.secret}` })), INVALID_REQUEST);
});

test('a repeated Authorization header is refused, whichever value is right (RFC 9110 §5.3, RFC 6749 §2.3)', async () => {
  const wrong = `Basic ${encoded(party.id, 'x'.repeat(43))}`;
  for (const [first, second] of [
    [BASIC, BASIC],
    [BASIC, wrong],
    [wrong, BASIC],
    [BASIC, 'Bearer abc'],
    [BASIC, ' '],
  ] as const) {
    const answer = await ask({ authorization: first, more: [['authorization', second]] });
    assert.deepEqual(outcome(answer), INVALID_REQUEST, `${first.slice(0, 9)}, ${second.slice(0, 9)}`);
  }
  const { tokens } = await tokensFor(app, party, person);
  const bearer = (value: string) => ['authorization', `Bearer ${value}`] as const;
  const twice = await send(issuer, { target: '/userinfo', headers: [bearer(tokens.access_token), bearer('x')] });
  assert.deepEqual(outcome(twice), INVALID_REQUEST);
  const once = await send(issuer, {
    target: '/userinfo',
    headers: [['AUTHORIZATION', `bearer  ${tokens.access_token} `]],
  });
  assert.equal(once.status, 200, once.body);
});

test('a public client may send an empty secret (RFC 6749 §2.3.1, §3.1)', async () => {
  const { tokens } = await tokensFor(app, publicParty, person);
  const body = `grant_type=refresh_token&client_id=${publicParty.id}&client_secret=&refresh_token=${tokens.refresh_token}`;
  assert.deepEqual(outcome(await ask({ authorization: '', body })), GIVEN);
});

// ---- the body ----

test('the media type of a form is accepted in any case and with any parameter (RFC 9110 §8.3.1)', async () => {
  for (const type of [
    `${FORM}; charset=utf-8`,
    `${FORM};charset=UTF-8`,
    `${FORM} ; Charset="UTF-8"`,
    `${FORM}; charset=us-ascii`,
    `${FORM}; charset=iso-8859-1`,
    `${FORM}; version=1`,
    `${FORM};`,
    `${FORM}; `,
    'Application/X-WWW-Form-URLEncoded',
    'APPLICATION/X-WWW-FORM-URLENCODED; CHARSET=utf-8',
  ]) {
    assert.deepEqual(outcome(await ask({ type })), GIVEN, type);
  }
});

test('other media types are refused: JSON, multipart, text (RFC 6749 §3.2, appendix B)', async () => {
  const json = JSON.stringify({ grant_type: 'client_credentials' });
  for (const [type, body] of [
    ['application/json', json],
    ['application/json; charset=utf-8', json],
    ['text/plain', GRANT],
    ['text/plain;charset=UTF-8', GRANT],
    [
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--`,
    ],
    ['', GRANT],
  ] as const) {
    assert.deepEqual(outcome(await ask({ type, body })), INVALID_REQUEST, type);
  }
  for (const path of ['/introspect', '/revoke']) {
    const headers = { authorization: BASIC, 'content-type': 'application/json' };
    const answer = await send(issuer, { method: 'POST', target: path, headers, body: '{"token":"x"}' });
    assert.deepEqual(outcome(answer), INVALID_REQUEST, path);
  }
});

test('at /userinfo any media type goes with a token in the Authorization header, with a body or without (OpenID Connect Core §5.3.1)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const bearer = ['authorization', `Bearer ${tokens.access_token}`] as const;
  for (const [type, body] of [
    ['application/json', '{"any":"thing"}'],
    ['application/json', undefined],
    ['text/plain;charset=UTF-8', 'x'],
    ['multipart/form-data; boundary=x', '--x--'],
    [FORM, undefined],
    [FORM, 'any=thing'],
  ] as const) {
    for (const method of body === undefined ? ['GET', 'POST'] : ['POST']) {
      const headers = [bearer, ['content-type', type] as const];
      const answer = await send(issuer, { method, target: '/userinfo', headers, ...(body && { body }) });
      assert.equal(answer.status, 200, `${method} ${type} ${body}: ${answer.body}`);
    }
  }
  // Without the header the token is in the body, which only a form can be (RFC 6750 §2.2).
  const inJson = JSON.stringify({ access_token: tokens.access_token });
  const headers = [['content-type', 'application/json']] as const;
  const refused = await send(issuer, { method: 'POST', target: '/userinfo', headers, body: inJson });
  assert.deepEqual(outcome(refused), INVALID_REQUEST);
});

test('empty parameters count as omitted (RFC 6749 §3.1, §3.2)', async () => {
  const empty =
    'scope=&resource=&code=&redirect_uri=&client_id=&client_secret=&client_assertion=&client_assertion_type=';
  assert.deepEqual(outcome(await ask({ body: `${empty}&${GRANT}` })), GIVEN);
  assert.deepEqual(outcome(await ask({ body: 'grant_type=' })), INVALID_REQUEST);
  assert.deepEqual(outcome(await ask({ body: 'grant_type=refresh_token&refresh_token=' })), INVALID_REQUEST);

  const params = {
    prompt: '',
    max_age: '',
    login_hint: '',
    nonce: '',
    state: '',
    acr_values: '',
    response_mode: '',
    claims: '',
  };
  const asked = await fetch(authorizeUrl({ issuer, party, params }, 'v'.repeat(43)), { redirect: 'manual' });
  assert.equal(asked.status, 303);
  assert.match(asked.headers.get('location') ?? '', /\/login\/[\w-]+$/, 'as without these parameters');
});

test('unknown parameters are ignored, also repeated ones; known ones must not be repeated (RFC 6749 §3.1, §3.2)', async () => {
  const unknown = 'device=phone&audience=x&audience=y&__proto__=1&constructor=1&toString=1&audience%5B%5D=z';
  assert.deepEqual(outcome(await ask({ body: `${unknown}&${GRANT}` })), GIVEN);
  assert.deepEqual(outcome(await ask({ body: `${GRANT}&${GRANT}` })), INVALID_REQUEST);
});

test('additional separators, a trailing ampersand and encoded names make no difference (URL Standard §5.1)', async () => {
  for (const body of [
    `${GRANT}&`,
    `&&${GRANT}&&`,
    'grant%5Ftype=client%5fcredentials',
    '%67rant_type=client_credentials',
  ]) {
    assert.deepEqual(outcome(await ask({ body })), GIVEN, body);
  }
});

test('a value with a trailing space is another value: no grant type, no token, no scope (RFC 6749 §3.3, §A)', async () => {
  assert.deepEqual(outcome(await ask({ body: `${GRANT}+` })), [400, 'unsupported_grant_type']);
  assert.deepEqual(outcome(await ask({ body: `${GRANT}\r\n` })), [400, 'unsupported_grant_type']);
  assert.deepEqual(outcome(await ask({ body: `+${GRANT}` })), INVALID_REQUEST);
  const { tokens } = await tokensFor(app, party, person);
  const refreshing = `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`;
  assert.deepEqual(outcome(await ask({ body: `${refreshing}%20` })), [400, 'invalid_grant']);
  for (const scope of ['openid+', '+openid', 'openid++email', 'openid%09email']) {
    assert.deepEqual(outcome(await ask({ body: `${refreshing}&scope=${scope}` })), [400, 'invalid_scope'], scope);
  }
  assert.deepEqual(outcome(await ask({ body: `${refreshing}&scope=openid+email` })), GIVEN, 'and nothing was used up');
});

// ---- HTTP ----

test('a chunked body, with chunks of any size, is accepted (RFC 9112 §7.1)', async () => {
  for (const body of [[GRANT], GRANT.split(''), [GRANT.slice(0, 5), GRANT.slice(5)]]) {
    assert.deepEqual(outcome(await ask({ body })), GIVEN);
  }
});

/** Sends requests one after the other on one connection, each after the response to the one before. */
function converse(requests: readonly string[]): Promise<WireAnswer[]> {
  return new Promise((done, failed) => {
    const answers: WireAnswer[] = [];
    let received = '';
    const socket = connect(Number(new URL(issuer).port), '127.0.0.1', () => socket.write(requests[0] ?? ''));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer: ${received}`)));
    socket.on('error', failed);
    socket.on('data', (data) => {
      received += data.toString('latin1');
      const answer = parse(received);
      const length = Number(answer.headers.get('content-length') ?? Number.NaN);
      if (answer.status >= 200 && !(answer.body.length >= length)) return;
      if (answer.status < 200 && !received.endsWith('\r\n\r\n')) return;
      answers.push(rememberSecrets(answer));
      received = '';
      const next = requests[answers.length];
      if (next === undefined) socket.end();
      else socket.write(next);
    });
    socket.on('close', () => done(answers));
  });
}

const request = (version: string, headers: readonly string[]) =>
  [`POST /token HTTP/${version}`, `Authorization: ${BASIC}`, `Content-Type: ${FORM}`, ...headers, '', ''].join('\r\n');

test('HTTP/1.0 with keep-alive: two requests on one connection, without Host; without keep-alive it closes (RFC 9112 §9.3, §C.2.2)', async () => {
  const length = `Content-Length: ${GRANT.length}`;
  const one = request('1.0', ['Connection: keep-alive', length]) + GRANT;
  const answers = await converse([one, one]);
  assert.deepEqual(answers.map(outcome), [GIVEN, GIVEN]);
  for (const { headers } of answers) {
    assert.equal(headers.get('connection')?.toLowerCase(), 'keep-alive');
    assert.equal(headers.get('transfer-encoding'), null, 'HTTP/1.0 has no chunks');
  }
  const closed = rememberSecrets(parse(await sendRaw(issuer, request('1.0', [length]) + GRANT)));
  assert.deepEqual(outcome(closed), GIVEN);
  assert.equal(closed.headers.get('connection')?.toLowerCase(), 'close');
});

test('HTTP/1.1 without Host is refused (RFC 9112 §3.2)', async () => {
  const answer = await sendRaw(
    issuer,
    request('1.1', [`Content-Length: ${GRANT.length}`, 'Connection: close']) + GRANT,
  );
  assert.equal(parse(answer).status, 400);
});

test('Expect: 100-continue gets 100, then the response; any other expectation is refused (RFC 9110 §10.1.1)', async () => {
  const { host } = new URL(issuer);
  const expecting = (what: string) =>
    request('1.1', [`Host: ${host}`, `Expect: ${what}`, 'Connection: close', `Content-Length: ${GRANT.length}`]);
  for (const what of ['100-continue', '100-Continue']) {
    const answers = await converse([expecting(what), GRANT]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [100, 200],
      what,
    );
  }
  assert.equal(parse(await sendRaw(issuer, expecting('200-ok') + GRANT)).status, 417);
  // A client that does not wait for 100 Continue is served too.
  const impatient = await sendRaw(issuer, expecting('100-continue') + GRANT);
  assert.match(impatient, /^HTTP\/1\.1 (100 Continue\r\n\r\nHTTP\/1\.1 )?200 /);
});

test('responses are JSON that must not be stored, with every Accept header (RFC 6749 §5.1)', async () => {
  for (const accept of [
    '*/*',
    'application/json',
    'application/xml',
    'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
    '',
  ]) {
    const answer = await ask({ more: accept === '' ? [] : [['accept', accept]] });
    assert.deepEqual(outcome(answer), GIVEN, accept);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json\b/);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const refused = await ask({ body: 'grant_type=x', more: accept === '' ? [] : [['accept', accept]] });
    assert.deepEqual(outcome(refused), [400, 'unsupported_grant_type'], accept);
  }
});
