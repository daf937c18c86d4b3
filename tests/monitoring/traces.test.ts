import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createDestinations } from '../../server/audit/destinations.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { createDb, DB_STATEMENTS } from '../../server/platform/db.ts';
import { createTracing } from '../../server/platform/otel.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { shapeOf } from '../../server/platform/statement_shape.ts';
import { isTracingOn, type Tracing } from '../../server/platform/tracing.ts';
import { askForMail } from '../flows/mailed_links.ts';
import { submit } from '../flows/support.ts';
import { auditOf } from '../helpers/audit.ts';
import { receiver } from '../helpers/audit_delivery.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { logoutListener } from '../helpers/logout_listener.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { startNode } from '../helpers/processes.ts';
import { freshRedis } from '../helpers/redis.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number };
}

interface Sent {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: { readonly spans: Span[] }[];
  }[];
}

/** A real receiver of OTLP over HTTP; what it has got, as it was sent. */
const bodies: string[] = [];
const scope = { after };
const collector = createServer((request, response) => {
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
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
defer(scope, () => void collector.close().closeAllConnections());
const [redis, post, listener] = [await freshRedis(scope), await mailbox(scope), await logoutListener(scope)];
const [siem, ofApp] = [await receiver(scope), await receiver(scope)];
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const url = await databaseUrl(scope);
const node = await startNode(scope, {
  databaseUrl: url,
  env: {
    CARDEA_MASTER_KEY: masterKey,
    CARDEA_REDIS_URL: redis.url,
    CARDEA_SMTP_URL: post.url,
    CARDEA_OUTBOUND_ALLOW: '127.0.0.0/8',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_SERVICE_NAME: 'our-cardea',
  },
});
const db = createDb({ url });
const seed = await createSeeder(db, masterKey);
const party = await seed.party({ firstParty: true, metadata: { backchannel_logout_uri: listener.uri } });
const person = await seed.person();
const { issuer } = node;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PROXIED = '1af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${PARENT}-01`;
const granted = await authorize({ issuer, party, person });
const tokens = await redeem(issuer, party, granted);
assert.equal(tokens.status, 200);
await (await fetch(`${issuer}/account/forgot?secret=in-a-query`, { headers: { traceparent } })).text();
const lost = await fetch(`${issuer}/no-such-page-of-anybody`);
await askForMail({ issuer }, '/account/forgot', person.email);
const mail = await post.next(person.email);
await submit(granted.browser, await granted.browser.get('/logout'), { logout: 'yes' });
await until('the app was told of the logout', () => listener.received.length > 0);
await node.stop();
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const destinations = createDestinations({ db, sealer, now: Date.now });
const NAME = 'Archive of Northwind';
for (const [clientId, to] of [
  [undefined, `${siem.url}?key=in-a-query`],
  [undefined, `http://127.0.0.1:${await freePort()}/gone`],
  [party.id, ofApp.url],
] as const) {
  const input = { name: NAME, settings: { url: to }, actions: [], outcomes: [], kind: 'webhook', clientId } as const;
  const flags = { everybody: true, heads: false, details: false };
  const planned = await destinations.creating({ ...input, ...flags }, 0);
  remember('other', planned.secret ?? '');
  await carryOut(db, planned);
}
const { keys } = await auditOf({ db, masterKey });
await createSealing({ db, keys, issuer, now: Date.now, headEveryMs: 1_000 }).run();
await node.restart({ CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' });
await (
  await fetch(issuer, { headers: { traceparent: traceparent.replace(TRACE, PROXIED), 'x-forwarded-for': '192.0.2.1' } })
).text();
await until('the audit was delivered', () => siem.received.length > 0 && ofApp.received.length > 0);
await until('the node has noted the failure', async () =>
  (await destinations.list()).items.some(({ lastFailure }) => lastFailure !== undefined),
);
await db.close();
await node.stop();
const sent = bodies.map((body) => JSON.parse(body) as Sent);
const spans = sent.flatMap(({ resourceSpans }) =>
  resourceSpans.flatMap((one) => one.scopeSpans.flatMap((in_) => in_.spans)),
);

const named = (name: string | RegExp) =>
  spans.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
const within = (span: Span | undefined) => spans.filter(({ parentSpanId }) => parentSpanId === span?.spanId);
const attribute = (span: Span | undefined, name: string) => {
  const { stringValue, intValue } = span?.attributes.find(({ key }) => key === name)?.value ?? {};
  return stringValue ?? intValue;
};
const OUTCOME = 'cardea.outcome';
const ERROR = 2;

test('a sign-in is a span for each request, with what it asked of Postgres and Redis', () => {
  const [token] = named('POST /token');
  assert.equal(attribute(token, 'http.response.status_code'), 200);
  assert.equal(attribute(token, 'cardea.request.id'), tokens.headers.get('x-request-id'));
  const parts = within(token).map(({ name }) => name);
  assert.ok(
    parts.some((name) => name.startsWith('postgres ')),
    parts.join(),
  );
  assert.ok(named('POST /login/:uid').length > 0);
  assert.ok(spans.some(({ name, parentSpanId }) => name === 'redis' && parentSpanId !== undefined));
  const names = sent[0]?.resourceSpans[0]?.resource.attributes;
  assert.equal(names?.find(({ key }) => key === 'service.name')?.value.stringValue, 'our-cardea');
});

test('a request without a route is a span too', () => {
  const [span] = named('GET (none)');
  assert.equal(attribute(span, 'cardea.request.id'), lost.headers.get('x-request-id'));
  assert.equal(attribute(span, 'http.response.status_code'), 404);
});

test('each run of a job is a trace with its outcome', () => {
  const runs = named(/^job /);
  for (const job of ['mails', 'deliveries', 'delivery of the audit']) {
    const run = runs.find(({ name }) => name === `job ${job}`);
    assert.equal(run?.parentSpanId, undefined);
    assert.equal(attribute(run, OUTCOME), 'done', job);
  }
  assert.ok(runs.flatMap(within).some(({ name }) => name === 'postgres mails.claim'));
});

test('statements of Kysely, of transactions and without a name have spans with their shapes', async () => {
  const names: string[] = [];
  const asks: Tracing['asks'] = (name, _attributes, work) => {
    names.push(name);
    return work(() => {});
  };
  const own = createDb({ url, tracing: { asks } });
  const mails = own.kysely.withTables<{ mails: { id: string; tries: number } }>();
  await mails.transaction().execute((open) => open.selectFrom('mails').select('id').where('tries', '=', 77).execute());
  await own.transaction((send) => send([{ statement: DB_STATEMENTS.ping, values: [] }]));
  await own.run({ text: 'SELECT 77 FROM mails' }, []);
  await own.close();
  assert.deepEqual(
    names.map((name) => name.replace('postgres ', '')),
    ['begin', 'select mails', 'commit', 'begin', 'db.ping', 'commit', 'select mails'],
  );
});

test('each mail, delivery and turn of a destination is a trace with its outcome', () => {
  const [reset] = named('mail reset');
  assert.equal(attribute(reset, OUTCOME), 'done');
  const [cause] = named('POST /account/forgot');
  assert.deepEqual(
    reset?.links.map(({ traceId, spanId }) => [traceId, spanId]),
    [[cause?.traceId, cause?.spanId]],
    'a link to the request that has queued it',
  );
  assert.equal(attribute(reset, 'cardea.request.id'), attribute(cause, 'cardea.request.id'));
  assert.ok(within(reset).some(({ name }) => name === 'smtp'));

  const [logout] = named('delivery logout');
  assert.equal(attribute(logout, OUTCOME), 'done');
  const [request] = within(logout).filter(({ name }) => name === 'outbound POST');
  assert.equal(attribute(request, 'http.response.status_code'), 200);
  assert.equal(attribute(request, 'cardea.outbound.chosen_by'), 'delivery');

  const sends = named('audit delivery webhook')
    .flatMap(within)
    .filter(({ name }) => name === 'audit to webhook');
  assert.deepEqual(new Set(sends.map((one) => attribute(one, OUTCOME))), new Set(['done', 'failed']));
  const failed = sends.find((one) => attribute(one, OUTCOME) === 'failed');
  assert.deepEqual([attribute(failed, 'error.type'), failed?.status.code], ['connection', ERROR]);
  const [attempt] = within(failed);
  assert.deepEqual([attempt?.name, attribute(attempt, 'error.type')], ['outbound POST', 'connection']);
});

test('the trace of a delivery goes to receivers of the operator, and to no app', () => {
  for (const { headers } of siem.received) {
    const [, traceId, spanId] = /^00-(\w{32})-(\w{16})-01$/.exec(String(headers.traceparent)) ?? [];
    assert.ok(spans.some((span) => span.traceId === traceId && span.spanId === spanId));
  }
  for (const { headers } of ofApp.received) assert.equal(headers.traceparent, undefined);
});

test('a statement without a name is told by its first word and its tables', () => {
  for (const [text, shape] of [
    ['select "kid" from "signing_keys" where "ring" = $1', 'select signing_keys'],
    ['update "a"."b" set c = 5 where d in (select e from f)', 'update b f'],
    ["insert into t values ('x from secret')", 'insert t'],
    ["SELECT E'\\' from secret'", 'select'],
    ['select $q$ from secret $q$', 'select'],
    ['select 1 -- from secret', 'select'],
    ['begin', 'begin'],
    ['$1', 'statement'],
  ] as const)
    assert.equal(shapeOf(text), shape);
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
    'no-such-page-of-anybody',
    NAME,
    mail.token,
    party.id,
    party.secret ?? 'x'.repeat(99),
    listener.uri,
    siem.url,
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
  assert.doesNotMatch(text, /SELECT|INSERT|\?code=|127\.0\.0\.1|https?:\/\/|\$1/);
});

test('a trace that a stranger names is not continued, and one of a trusted proxy is', () => {
  assert.ok(named('GET /account/forgot').length > 0);
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

test('OTEL_TRACES_SAMPLER decides which traces begin, and a trusted sender about its own', async () => {
  const sampled = `00-${TRACE}-${PARENT}-01`;
  for (const [name, begun, ofSender] of [
    ['parentbased_always_on', 400, true],
    ['always_off', 0, false],
    ['parentbased_always_off', 0, true],
    ['parentbased_traceidratio', 100, true],
  ] as const) {
    const tracing = createTracing({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.25' });
    const roots = Array.from({ length: 400 }, () => tracing.request(undefined)).filter((one) => one !== undefined);
    // Eight standard deviations of a quarter.
    assert.ok(Math.abs(roots.length - begun) <= (begun === 100 ? 70 : 0), `${name}: ${roots.length}`);
    const keeps = (parent: string) => tracing.request(parent)?.run(() => tracing.traceparent()) !== undefined;
    assert.equal(keeps(sampled), ofSender, name);
    if (name.startsWith('parentbased_')) assert.equal(keeps(sampled.replace(/01$/, '00')), false, name);
    await tracing.close();
  }
});
