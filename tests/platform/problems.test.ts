import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ERROR_TEXTS } from '../../server/platform/error_texts.ts';
import { AppError, ERROR_STATUSES, type ErrorCode, invalidInput, unavailable } from '../../server/platform/errors.ts';
import { createHttp } from '../../server/platform/http.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import { createLog } from '../../server/platform/log.ts';
import { accepts, type Problem, pointerOf, problemOf } from '../../server/platform/problems.ts';
import { defer } from '../helpers/scope.ts';

/** Errors of the API are problems (RFC 9457). */

const issuer = readIssuer('https://id.example.com/auth');
const http = createHttp({
  log: createLog({ level: 'silent' }),
  secure: true,
  issuer,
  trustedProxies: [],
  renderError: () => 'a page',
});
defer({ after }, () => http.close());
const thrown: Record<string, () => unknown> = {
  field: () => {
    throw invalidInput('claim_mapping[0].from', 'must be a text');
  },
  several: () => {
    throw new AppError('invalid_input', 'two values are wrong', {
      errors: [
        { pointer: '/email', detail: 'must be a text' },
        { parameter: 'limit', detail: 'must be at most 200' },
      ],
    });
  },
  down: () => {
    throw unavailable('the database');
  },
  fault: () => {
    throw new AppError('sealed_value_unreadable', 'inner words', { field: 'inner' });
  },
};
http.register(
  async (site) => {
    for (const [name, handler] of Object.entries(thrown)) site.get(`/api/v1/${name}`, handler);
    site.get('/api/v1/thing', () => ({ id: 1 }));
    site.post('/api/v1/thing', { bodyLimit: 64 }, () => ({ id: 1 }));
    site.get('/api/page', { config: { produces: ['text/html'] } }, (_request, reply) =>
      reply.type('text/html').send(''),
    );
    site.get('/apiary', () => {
      throw invalidInput('field', 'is wrong');
    });
  },
  { prefix: issuer.basePath },
);

async function ask(
  url: string,
  { method = 'GET' as 'GET' | 'POST' | 'DELETE', headers = {}, body }: Readonly<Record<string, unknown>> & object = {},
) {
  const answer = await http.inject({
    method: method as 'GET',
    url: `/auth${url}`,
    headers: headers as Record<string, string>,
    ...(body === undefined ? {} : { payload: body as string }),
  });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body };
}

/** Asserts that the answer is a whole problem with that code. */
async function problem(url: string, status: number, code: ErrorCode, request?: Parameters<typeof ask>[1]) {
  const answer = await ask(url, request);
  assert.equal(answer.status, status, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  const body = JSON.parse(answer.text) as Problem;
  assert.equal(body.type, `https://id.example.com/auth/problems/${code}`);
  assert.equal(body.title, ERROR_TEXTS[code].happened);
  assert.equal(body.status, status);
  assert.equal(typeof body.detail, 'string');
  assert.equal(body.request_id, answer.headers['x-request-id']);
  return { body, headers: answer.headers };
}

const JSON_TYPE = { 'content-type': 'application/json' };

test('every error code has one sentence on what happened and one on what to do', () => {
  assert.deepEqual(Object.keys(ERROR_TEXTS).toSorted(), Object.keys(ERROR_STATUSES).toSorted());
  for (const [code, { happened, remedy }] of Object.entries(ERROR_TEXTS)) {
    for (const text of [happened, remedy]) assert.match(text, /^[A-Z][^\n]{10,200}\.$/, code);
  }
});

test('a wrong field is named by a JSON Pointer (RFC 6901), a parameter by its name', async () => {
  const { body } = await problem('/api/v1/field', 400, 'invalid_input');
  assert.deepEqual(body.errors, [{ pointer: '/claim_mapping/0/from', detail: 'must be a text' }]);
  const { body: both } = await problem('/api/v1/several', 400, 'invalid_input');
  assert.deepEqual(both.errors, [
    { pointer: '/email', detail: 'must be a text' },
    { parameter: 'limit', detail: 'must be at most 200' },
  ]);
  assert.equal(pointerOf('a/b.c~d[12][3].e'), '/a~1b/c~0d/12/3/e');
  assert.equal(pointerOf(''), '');
});

test('an unknown path is 404, another method 405 with Allow', async () => {
  await problem('/api/v1/nowhere', 404, 'not_found');
  await problem('/api', 404, 'not_found');
  await problem('/api?a=b', 404, 'not_found');
  const { headers } = await problem('/api/v1/thing', 405, 'method_not_allowed', { method: 'DELETE' });
  assert.equal(headers.allow, 'GET, HEAD, POST');
});

test('a request that accepts no JSON is 406 (RFC 9110 §15.5.7), unless the route responds with what it accepts', async () => {
  await problem('/api/v1/thing', 406, 'not_acceptable', { headers: { accept: 'text/html, image/*' } });
  await problem('/api/page', 406, 'not_acceptable', { headers: { accept: 'application/json' } });
  assert.equal((await ask('/api/page', { headers: { accept: 'text/html' } })).status, 200);
  assert.equal((await ask('/api/v1/thing')).status, 200);
  const cases: [accept: string, expected: boolean][] = [
    ['application/json', true],
    ['text/html;q=0.9, APPLICATION/JSON;q=0.1', true],
    ['application/*', true],
    ['*/*;q=0.1', true],
    ['', true],
    ['text/html', false],
    ['application/json;q=0, */*', false],
    ['application/*;q=0.0', false],
    ['application/json;q=x', false],
    ['nonsense', false],
  ];
  for (const [accept, expected] of cases) assert.equal(accepts(accept, ['application/json']), expected, accept);
  assert.equal(accepts(undefined, ['application/json']), true);
});

test('another media type is 415, a body that is too large 413, and one that is no JSON 400', async () => {
  const url = '/api/v1/thing';
  const xml = { 'content-type': 'application/xml' };
  await problem(url, 415, 'unsupported_media_type', { method: 'POST', headers: xml, body: '<a/>' });
  const large = JSON.stringify({ a: 'a'.repeat(100) });
  await problem(url, 413, 'request_too_large', { method: 'POST', headers: JSON_TYPE, body: large });
  await problem(url, 400, 'invalid_request', { method: 'POST', headers: JSON_TYPE, body: '{"a":' });
});

test('an outage is 503 with Retry-After, and a fault of the server tells its request id and no more', async () => {
  const { headers } = await problem('/api/v1/down', 503, 'temporarily_unavailable');
  assert.match(String(headers['retry-after']), /^\d+$/);
  const { body } = await problem('/api/v1/fault', 500, 'server_error');
  assert.doesNotMatch(JSON.stringify(body), /inner|sealed/);
});

test('other paths keep their own form of errors', async () => {
  const { headers } = await ask('/apiary');
  assert.match(String(headers['content-type']), /^application\/json/);
});

test('the status of the error itself replaces the one of its code', () => {
  const error = new AppError('invalid_request', 'the request', { status: 422 });
  assert.equal(problemOf(error, { requestId: 'a', issuer: 'https://id.example.com' }).status, 422);
});
