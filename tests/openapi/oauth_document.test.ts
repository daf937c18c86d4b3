import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GRANT_TYPES } from '../../server/clients/vocabulary.ts';
import { oauthDocument } from '../../server/oidc/openapi/document.ts';
import { OAUTH_ERRORS } from '../../server/oidc/openapi/responses.ts';
import { GRANTS } from '../../server/oidc/openapi/token.ts';
import { REMEDIES } from '../../server/oidc/steps/refusals.ts';
import {
  METHODS,
  type OpenApi,
  operationsOf,
  type Response,
  resolve,
  templateOf,
} from '../../server/platform/openapi.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { deployment } from '../helpers/deployment.ts';
import { assertValidDocument, createSchemaCheck, examplesIn, valuesOf } from '../helpers/openapi.ts';
import { routesOf } from '../security/wire.ts';

/** The description of the OAuth endpoints is whole, valid, and says what the routes are. */

const scope = { after };
const ALL = { CARDEA_REGISTRATION: 'open', CARDEA_TOKEN_STATUS_LIST: 'true', CARDEA_DEMO: 'true' };
const app = await deployment(scope, { env: ALL });
const closed = await deployment(scope, { basePath: '/auth', env: { CARDEA_REGISTRATION: 'off' } });
const document = oauthDocument({ issuer: 'https://id.example.com', version: '0.0.0' });
const check = createSchemaCheck(document);

/** What people see in a browser, the files of these pages, and what the other description has. */
const OTHERS = /^\/($|account(\/|$)|login\/|assets\/|demo(\/|$)|outbox(\/|$)|docs(\/|$)|status$|api\/v1\/)/;

async function read(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function operations(of: OpenApi): string[] {
  return operationsOf(of)
    .map(({ method, path }) => `${method} ${path}`)
    .toSorted();
}

test('every public route has an entry, and every entry a route', () => {
  const routes = routesOf(app)
    .filter(({ path }) => !OTHERS.test(path))
    .flatMap(({ path, methods }) =>
      METHODS.filter((method) => methods.includes(method.toUpperCase())).map(
        (method) => `${method} ${templateOf(path)}`,
      ),
    );
  assert.deepEqual(operations(document), routes.toSorted());
});

test('it is valid by the meta schema of OpenAPI 3.1', async () => {
  await assertValidDocument(document, check);
});

test('every operation has a name of its own, a summary, a tag and a description of each response', () => {
  const all = operationsOf(document);
  const ids = all.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, all.length);
  const tags = new Set(document.tags?.map(({ name }) => name));
  for (const { path, method, operation } of all) {
    const what = `${method} ${path}`;
    assert.ok(operation.summary, what);
    assert.ok(operation.tags?.every((tag) => tags.has(tag)) && operation.tags.length === 1, what);
    assert.ok(
      Object.keys(operation.responses ?? {}).some((status) => /^[23]/.test(status)),
      what,
    );
  }
});

test('every body, parameter and success has an example, which is valid by its own schema', () => {
  for (const { what, pointer, value } of examplesIn(document))
    assert.equal(check.problem(pointer, value), undefined, `${what}: ${JSON.stringify(value)}`);
  for (const { path, method, operation } of operationsOf(document)) {
    const what = `${method} ${path}`;
    for (const { name, example } of operation.parameters ?? []) assert.notEqual(example, undefined, `${what} ${name}`);
    const successes = Object.entries(operation.responses ?? {}).filter(([status]) => status.startsWith('2'));
    const contents = [
      ...Object.entries(operation.requestBody?.content ?? {}),
      ...successes.flatMap(([, given]) => Object.entries(resolve<Response>(document, given).content ?? {})),
    ];
    for (const [type, media] of contents)
      if (type !== 'text/html') assert.ok(valuesOf(media).length > 0, `${what} ${type}`);
  }
});

test('the checks find a wrong example, an unknown member and an invalid schema', async () => {
  const pointer = '#/components/schemas/TokenResponse';
  assert.match(check.problem(pointer, { access_token: 1, token_type: 'Bearer', expires_in: 1 }) ?? '', /access_token/);
  const unknown = { access_token: 'a', token_type: 'Bearer', expires_in: 1, unknown: 1 };
  assert.match(check.problem(pointer, unknown) ?? '', /additional/);
  const broken = { ...document, components: { ...document.components, schemas: { A: { type: 'strin' } } } };
  await assert.rejects(async () => assertValidDocument(broken as OpenApi));
  await assert.rejects(async () =>
    assertValidDocument({ ...document, paths: { '/a': { get: { foo: 1 } } } } as OpenApi),
  );
});

test('every grant type that has a token request is described', () => {
  const described = Object.keys(GRANTS).toSorted();
  assert.deepEqual(
    described,
    Object.keys(GRANT_TYPES)
      .filter((grant) => grant !== 'implicit')
      .toSorted(),
  );
});

test('every error code that the code or a golden file names is described', () => {
  const golden = JSON.parse(readFileSync(join(ROOT, 'tests/golden/token_errors.json'), 'utf8')) as Record<
    string,
    { error: string }
  >;
  const codes = [...REMEDIES.map(({ error }) => error), ...Object.values(golden).map(({ error }) => error)];
  for (const code of codes) assert.ok(Object.hasOwn(OAUTH_ERRORS, code), code);
});

for (const profile of ['oidc', 'oauth21', 'fapi2']) {
  test(`the metadata of the profile ${profile} is as described`, () => {
    const golden = readFileSync(join(ROOT, `tests/golden/discovery_${profile}.json`), 'utf8');
    assert.equal(check.problem('#/components/schemas/ServerMetadata', JSON.parse(golden)), undefined);
  });
}

test('the URL of the admin API says without a token which version it is and what to read, below any issuer', async () => {
  for (const { issuer } of [app, closed]) {
    const { status, headers, text } = await read(`${issuer}/api/v1`);
    assert.deepEqual([status, headers.get('content-type')], [200, 'application/json; charset=utf-8']);
    const { version, ...links } = JSON.parse(text) as Record<string, string>;
    assert.equal(version, 'v1');
    assert.deepEqual(Object.keys(links), ['openapi', 'documentation', 'resource_metadata']);
    for (const link of Object.values(links)) assert.equal((await read(link)).status, 200, link);
    assert.equal(links.openapi, `${issuer}/api/v1/openapi.json`);
  }
});

test('it is served with its issuer, an ETag, and for scripts of all origins', async () => {
  const { status, headers, text } = await read(`${app.issuer}/openapi.json`);
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(headers.get('access-control-allow-origin'), '*');
  const served = JSON.parse(text) as OpenApi;
  assert.deepEqual(served.servers, [{ url: app.issuer }]);
  assert.deepEqual(operations(served), operations(document));
  const again = await read(`${app.issuer}/openapi.json`, { 'if-none-match': headers.get('etag') ?? '' });
  assert.equal(again.status, 304);
});

test('what is switched off is not in it, and its server has the path of the issuer', async () => {
  const served = JSON.parse((await read(`${closed.issuer}/openapi.json`)).text) as OpenApi;
  assert.deepEqual(served.servers, [{ url: closed.issuer }]);
  assert.match(closed.issuer, /\/auth$/);
  const gone = operations(document).filter((one) => !operations(served).includes(one));
  assert.deepEqual(
    gone.map((one) => one.split(' ')[1]?.split('/')[1]).filter((one, i, all) => all.indexOf(one) === i),
    ['register', 'status-lists'],
  );
});
