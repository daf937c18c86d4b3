import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Deprecations, deprecationHeaders } from '../../server/admin/deprecation.ts';
import { adminDocument } from '../../server/admin/description.ts';
import { mountAdmin } from '../../server/admin/mount.ts';
import { ROUTES } from '../../server/admin/routes.ts';
import { changesSomething } from '../../server/operations/operation.ts';
import { ERROR_STATUSES, type ErrorCode } from '../../server/platform/errors.ts';
import { createHttp } from '../../server/platform/http.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import { createLog } from '../../server/platform/log.ts';
import {
  METHODS,
  type OpenApi,
  operationsOf,
  type Response,
  resolve,
  templateOf,
} from '../../server/platform/openapi.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { limitsOf } from '../helpers/limits.ts';
import { assertDescribed, assertValidDocument, createSchemaCheck, examplesIn, valuesOf } from '../helpers/openapi.ts';
import { caller } from '../helpers/operations.ts';
import { defer } from '../helpers/scope.ts';
import { routesOf } from '../security/wire.ts';

/** The description of the admin API is whole and valid, and its responses are as described. */

const scope = { after };
const ORIGIN = 'https://admin.example.com';
const app = await deployment(scope, { basePath: '/auth', env: { CARDEA_ADMIN_CORS_ORIGINS: ORIGIN } });
const closed = await deployment(scope);
const api = await adminApi(scope, closed);
const issuer = readIssuer('https://id.example.com/auth');
const document = await adminDocument({ issuer, version: '0.0.0' });
const check = createSchemaCheck(document);
const operations = operationsOf(document);
const DEPRECATIONS: Deprecations = {
  'groups.list': {
    since: new Date('2026-11-01T00:00:00Z'),
    sunset: new Date('2027-11-01T00:00:00Z'),
    link: 'https://id.example.com/problems',
  },
};
const log = createLog({ level: 'silent' });
const old = createHttp({
  log,
  secure: false,
  trustedProxies: [],
  renderError: () => '',
});
await old.register(mountAdmin, {
  issuer: readIssuer(closed.issuer),
  runner: api.runner,
  log,
  limits: limitsOf({}).admin,
  authenticate: async () => caller(),
  deprecated: DEPRECATIONS,
});
defer(scope, () => old.close());

test('every route of the API has an entry, and every entry a route', () => {
  const routes = routesOf(closed)
    .filter(({ path }) => path.startsWith('/api/v1/') && path !== '/api/v1/openapi.json')
    .flatMap(({ path, methods }) =>
      METHODS.filter((method) => methods.includes(method.toUpperCase())).map(
        (method) => `${method} ${templateOf(path.slice('/api/v1'.length))}`,
      ),
    );
  assert.deepEqual(operations.map(({ method, path }) => `${method} ${path}`).toSorted(), routes.toSorted());
});

test('an operation has the statuses of the errors that it names as its own', () => {
  const named = ROUTES.flatMap(({ operation: { name, errors = [] } }) =>
    errors.map((code: ErrorCode) => [name, String(ERROR_STATUSES[code])] as const),
  );
  assert.ok(named.length > 0);
  for (const [name, status] of named) {
    const found = operations.find(({ operation }) => operation.operationId === name);
    assert.ok(Object.hasOwn(found?.operation.responses ?? {}, status), `${name}: ${status}`);
  }
});

test('it is valid by the meta schema of OpenAPI 3.1', async () => {
  await assertValidDocument(document, check);
});

test('every operation has a name of its own, a summary, a scope or none, and examples that are valid', () => {
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { path, method, operation } of operations) {
    const what = `${method} ${path}`;
    assert.ok(operation.summary && operation.operationId && operation.tags?.length === 1, what);
    assert.deepEqual(
      operation.security?.map((one) => Object.keys(one)),
      [['bearer'], ['dpop']],
      what,
    );
    const bodies = Object.values(operation.requestBody?.content ?? {});
    const responses = Object.entries(operation.responses ?? {}).filter(([status]) => status.startsWith('2'));
    const contents = responses.flatMap(([, given]) => Object.values(resolve<Response>(document, given).content ?? {}));
    assert.ok(contents.length > 0, what);
    for (const media of [...bodies, ...contents]) {
      const isFile = media.schema !== undefined && 'contentMediaType' in media.schema;
      assert.equal(valuesOf(media).length, isFile ? 0 : 1, `${what}: examples`);
    }
  }
  for (const { what, pointer, value } of examplesIn(document))
    assert.equal(check.problem(pointer, value), undefined, `${what}: ${JSON.stringify(value)}`);
});

test('every POST that changes something takes an Idempotency-Key, or says that it refuses one', () => {
  const KEY = 'Idempotency-Key';
  const changes = new Map(ROUTES.map(({ operation }) => [operation.name, changesSomething(operation)]));
  const posts = operations.filter(({ method }) => method === 'post');
  const stated = posts.map(({ operation: { operationId = '', parameters = [], description = '' } }) => [
    operationId,
    parameters.some(({ name }) => name === KEY) || description.includes(KEY),
  ]);
  assert.deepEqual(
    stated,
    posts.map(({ operation: { operationId = '' } }) => [operationId, changes.get(operationId)]),
  );
});

test('If-Match is required where its absence is 428, and may be sent to an action (RFC 9110 §13.1.1)', () => {
  const required = operations.map(({ path, method, operation }) => {
    const header = operation.parameters?.find(({ name }) => name === 'If-Match');
    return [`${method} ${path}`, header?.required ?? false, '428' in (operation.responses ?? {})] as const;
  });
  for (const [what, isRequired, isRefused] of required) assert.equal(isRequired, isRefused, what);
  assert.ok(required.some(([, isRequired]) => isRequired));
});

test('it is served without a token, with the server of its issuer, and the reference shows it first', async () => {
  const response = await fetch(`${app.issuer}/api/v1/openapi.json`);
  assert.equal(response.status, 200);
  const served = (await response.json()) as OpenApi;
  assert.deepEqual(served.servers, [{ url: `${app.issuer}/api/v1` }]);
  assert.deepEqual(Object.keys(served.paths), Object.keys(document.paths));
  const page = await (await fetch(`${app.issuer}/api/docs`)).text();
  for (const path of Object.keys(document.paths)) assert.ok(page.includes(path), path);
});

test('responses are as described: of a creation, a list, changes and their errors', async () => {
  const statuses: number[] = [];
  const send = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, more = {}) => {
    const { status, headers, body } = await api.request(method, path, more);
    statuses.push(status);
    const described = path.replace(/\?.*/, '').replace(/^(\/groups)\/[^/]+/, '$1/{name}');
    assertDescribed(
      document,
      check,
      { method, path: described },
      {
        status,
        headers: new Headers(headers as Record<string, string>),
        text: body === undefined ? '' : JSON.stringify(body),
      },
    );
    return { headers, body };
  };
  const body = { name: 'described', description: 'A group' };
  const key = { headers: { 'idempotency-key': 'one' } };
  await send('POST', '/groups', { ...key, body });
  await send('POST', '/groups', { ...key, body: { ...body, name: 'other' } });
  await send('POST', '/groups', { body });
  await send('POST', '/groups', { body: { ...body, unknown: 1 } });
  await send('POST', '/groups', { body: 'x', headers: { 'content-type': 'text/plain' } });
  await send('POST', '/groups', { body: { name: 'x'.repeat(100_000) } });
  await send('GET', '/groups?limit=1&total=true');
  await send('GET', '/groups', { headers: { accept: 'text/html' } });
  await send('GET', '/groups?filter=unknown');
  const { headers } = await send('GET', '/groups/described');
  await send('GET', '/groups/nowhere');
  const change = { body: { description: 'Another' } };
  await send('PATCH', '/groups/described', change);
  await send('PATCH', '/groups/described', { ...change, headers: { 'if-match': '"99"' } });
  await send('PATCH', '/groups/described', { ...change, headers: { 'if-match': String(headers.etag) } });
  await send('DELETE', '/groups/described', { headers: { 'if-match': '*' } });
  await send('GET', '/me');
  assert.deepEqual(statuses, [201, 422, 409, 400, 415, 413, 200, 406, 400, 200, 404, 428, 412, 200, 200, 200]);
});

test('an operation that will be removed says so in its headers and in the description (RFC 9745, RFC 8594)', async () => {
  const page = await old.inject({ url: '/api/v1/groups?limit=1' });
  assert.equal(page.statusCode, 200);
  assert.equal(page.headers.deprecation, '@1793491200');
  assert.equal(page.headers.sunset, 'Mon, 01 Nov 2027 00:00:00 GMT');
  assert.match(
    String(page.headers.link),
    /^<https:\/\/id\.example\.com\/problems>; rel="deprecation"; type="text\/html"/,
  );
  const other = await old.inject({ url: '/api/v1/roles' });
  assert.equal(other.headers.deprecation, undefined);
  const marked = await adminDocument({ issuer, version: '0', deprecated: DEPRECATIONS });
  const named = operationsOf(marked).filter(({ operation }) => operation.deprecated);
  assert.deepEqual(
    named.map(({ operation }) => operation.operationId),
    ['groups.list'],
  );
  assert.deepEqual(deprecationHeaders({ since: new Date(1_000) }), { deprecation: '@1' });
});

test('scripts of a listed origin may call the API, and no others (Fetch Standard §3.3)', async () => {
  const ask = async (of: string, method: string, headers: Record<string, string>) => {
    const response = await fetch(`${of}/api/v1/groups`, { method, headers });
    await response.arrayBuffer();
    return response;
  };
  const preflight = (of: string, origin: string) =>
    ask(of, 'OPTIONS', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'if-match',
    });
  const allowed = await preflight(app.issuer, ORIGIN);
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get('access-control-allow-origin'), ORIGIN);
  assert.equal(allowed.headers.get('access-control-allow-methods'), 'GET, POST');
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /If-Match/);
  assert.equal(allowed.headers.get('access-control-allow-credentials'), null);
  assert.equal(allowed.headers.get('vary'), 'Origin');
  const refused = await preflight(app.issuer, 'https://evil.example');
  assert.equal(refused.headers.get('access-control-allow-origin'), null);
  assert.equal(refused.headers.get('access-control-allow-methods'), null);

  const called = await ask(app.issuer, 'GET', { origin: ORIGIN });
  assert.equal(called.status, 401);
  assert.equal(called.headers.get('access-control-allow-origin'), ORIGIN);
  assert.match(called.headers.get('access-control-expose-headers') ?? '', /ETag/);

  const off = await preflight(closed.issuer, ORIGIN);
  assert.equal(off.status, 405);
  const plain = await ask(closed.issuer, 'GET', { origin: ORIGIN });
  assert.equal(plain.headers.get('access-control-allow-origin'), null);
});
