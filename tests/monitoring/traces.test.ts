import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { isTracingOn } from '../../server/platform/tracing.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { startNode } from '../helpers/processes.ts';
import { freshRedis } from '../helpers/redis.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

interface Sent {
  readonly resourceSpans: {
    readonly resource: {
      readonly attributes: { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    };
    readonly scopeSpans: { readonly spans: Span[] }[];
  }[];
}

/** A real receiver of OTLP over HTTP; what it has got, as it was sent. */
const bodies: string[] = [];
const scope = { after };
const receiver = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part) => {
    body += part;
  });
  request.on('end', () => {
    assert.equal(request.url, '/v1/traces');
    bodies.push(body);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
defer(scope, () => void receiver.close().closeAllConnections());
const redis = await freshRedis(scope);
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const url = await databaseUrl(scope);
const node = await startNode(scope, {
  databaseUrl: url,
  env: {
    CARDEA_MASTER_KEY: masterKey,
    CARDEA_REDIS_URL: redis.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
    OTEL_SERVICE_NAME: 'our-cardea',
  },
});
const db = createDb({ url });
const seed = await createSeeder(db, masterKey);
const party = await seed.party({ firstParty: true });
const person = await seed.person();
await db.close();
const { issuer } = node;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PROXIED = '1af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${PARENT}-01`;
const granted = await authorize({ issuer, party, person });
const tokens = await redeem(issuer, party, granted);
assert.equal(tokens.status, 200);
await (await fetch(`${issuer}/account/forgot?secret=in-a-query`, { headers: { traceparent } })).text();
await node.stop();
await node.restart({ CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' });
await (
  await fetch(issuer, { headers: { traceparent: traceparent.replace(TRACE, PROXIED), 'x-forwarded-for': '192.0.2.1' } })
).text();
await node.stop();
const sent = bodies.map((body) => JSON.parse(body) as Sent);
const spans = sent.flatMap(({ resourceSpans }) =>
  resourceSpans.flatMap((one) => one.scopeSpans.flatMap((in_) => in_.spans)),
);

test('a sign-in is a span for each request, with what it asked of Postgres and Redis', () => {
  const [token] = spans.filter(({ name }) => name === 'POST /token');
  assert.ok(token);
  const parts = spans.filter(({ parentSpanId }) => parentSpanId === token.spanId).map(({ name }) => name);
  assert.ok(
    parts.some((name) => name.startsWith('postgres ')),
    parts.join(),
  );
  assert.ok(spans.some(({ name }) => name === 'POST /login/:uid'));
  assert.ok(spans.some(({ name, parentSpanId }) => name === 'redis' && parentSpanId !== undefined));
  const names = sent[0]?.resourceSpans[0]?.resource.attributes;
  assert.equal(names?.find(({ key }) => key === 'service.name')?.value.stringValue, 'our-cardea');
});

test('spans have no secret, code, token, query or person', () => {
  const text = bodies.join('\n');
  const secrets = [
    person.password,
    person.email,
    person.id,
    granted.code,
    granted.verifier,
    'in-a-query',
    party.secret ?? 'x'.repeat(99),
  ];
  const more = [tokens.body.access_token, tokens.body.id_token, tokens.body.refresh_token].filter(
    (one) => typeof one === 'string',
  );
  for (const secret of [...secrets, ...more, ...granted.browser.cookies()])
    if (secret.length > 3) assert.ok(!text.includes(secret), 'a span has a secret');
  assert.deepEqual(
    spans.map(({ name }) => name).filter((name) => /\/login\/(?!:uid)|\?/.test(name)),
    [],
  );
  assert.doesNotMatch(text, /SELECT|INSERT|\?code=|127\.0\.0\.1/);
});

test('a trace that a stranger names is not continued, and one of a trusted proxy is', () => {
  assert.ok(spans.some(({ name }) => name === 'GET /account/forgot' || name === 'GET (none)'));
  assert.ok(!spans.some(({ traceId }) => traceId === TRACE));
  assert.ok(spans.some(({ traceId, parentSpanId }) => traceId === PROXIED && parentSpanId === PARENT));
});

test('the standard variables alone switch traces on', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  assert.equal(isTracingOn({}), false);
  assert.equal(isTracingOn(endpoint), true);
  assert.equal(isTracingOn({ OTEL_TRACES_EXPORTER: 'otlp' }), true);
  assert.equal(isTracingOn({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }), false);
  assert.equal(isTracingOn({ ...endpoint, OTEL_SDK_DISABLED: 'true' }), false);
});
