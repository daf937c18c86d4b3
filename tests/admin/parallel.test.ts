import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PERMISSION_SCOPES } from '../../server/operations/permissions.ts';
import { type ApiAnswer, bearer, callApi, machine, machineToken } from '../helpers/admin_api.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { remember } from '../helpers/secrets.ts';

/** Requests at the same moment, over HTTP, to two nodes of one installation: the database decides between them. */
const PARALLEL = 100;
const scope = { after };
const env = { CARDEA_RATE_LIMIT: '1000000' };
const first = await deployment(scope, { env });
const second = await neighbour(scope, first, { env });
/** Each by its own address, as behind a load balancer. */
const nodes = [first, second];
const party = await machine(first, PERMISSION_SCOPES.join(' '));
const token = await machineToken(first, party, PERMISSION_SCOPES.join(' '));

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const send = (node: number, { method, path, body, headers = {} }: Sent): Promise<ApiAnswer> =>
  callApi(nodes[node % nodes.length] ?? first, path, {
    method,
    headers: { 'content-type': 'application/json', ...bearer(token), ...headers },
    body: JSON.stringify(body),
  });

/** @param sent the same or another for each */
const sendMany = (sent: (i: number) => Sent) =>
  Promise.all(Array.from({ length: PARALLEL }, (_, i) => send(i, sent(i))));

const statusesOf = (answers: readonly ApiAnswer[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

const rowsOf = (text: string, values: unknown[]) => first.db.run<{ target_id: string }>({ name: '', text }, values);

const GROUPS = ['even', 'odd'];
await first.seed.accounts.createAll([{ email: 'ada@example.com', groups: GROUPS }]);

const NEW = { redirect_uris: ['https://shop.example/callback'] };
const CREATIONS: readonly { readonly path: string; readonly id: string; readonly body: object }[] = [
  { path: '/users', id: 'id', body: { email: 'once@example.com', name: 'Ada Lovelace' } },
  { path: '/clients', id: 'client_id', body: { client_name: 'Once', ...NEW } },
  { path: '/resources', id: 'identifier', body: { identifier: 'https://once.example.com', name: 'Once' } },
  { path: '/groups', id: 'name', body: { name: 'once' } },
];

for (const { path, id, body } of CREATIONS) {
  test(`${PARALLEL} parallel POSTs to ${path} with one Idempotency-Key over two nodes: one creation, and equal answers`, async () => {
    const headers = { 'idempotency-key': `once-${path.slice(1)}` };
    const answers = await sendMany(() => ({ method: 'POST', path, body, headers }));
    assert.deepEqual(statusesOf(answers), { 201: PARALLEL });
    const secret: unknown = answers[0]?.body.client_secret;
    if (typeof secret === 'string') remember('client_secret', secret);
    const texts = answers.map((one) =>
      JSON.stringify([one.body, one.headers.get('location'), one.headers.get('etag'), one.headers.get('content-type')]),
    );
    assert.equal(new Set(texts).size, 1);
    assert.ok(answers[0]?.headers.get('location') && answers[0].headers.get('etag'));
    const action = `${path.slice(1)}.create`;
    const entries = await rowsOf("SELECT target_id FROM audit WHERE action = $1 AND outcome = 'done'", [action]);
    assert.deepEqual(
      entries.map((one) => one.target_id),
      [answers[0]?.body[id]],
    );
  });

  test(`${PARALLEL} parallel PATCHes of one of ${path} with one ETag over two nodes: one wins`, async () => {
    const made = await send(0, { method: 'POST', path, body: renamed(body) });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    if (typeof made.body.client_secret === 'string') remember('client_secret', made.body.client_secret);
    const one = `${path}/${encodeURIComponent(made.body[id])}`;
    const headers = { 'if-match': made.headers.get('etag') ?? '' };
    const answers = await sendMany((i) => ({ method: 'PATCH', path: one, headers, body: changeOf(path, i) }));
    assert.deepEqual(statusesOf(answers), { 200: 1, 412: PARALLEL - 1 });
    const winner = answers.find(({ status }) => status === 200);
    const shown = await callApi(first, one, { headers: bearer(token) });
    assert.deepEqual(shown.body.version, winner?.body.version);
    const [name = ''] = Object.keys(changeOf(path, 0));
    assert.deepEqual(shown.body[name], winner?.body[name]);
  });
}

/** Of another one. */
function renamed(body: object): object {
  return JSON.parse(JSON.stringify(body).replaceAll(/once/gi, 'raced'));
}

/** What the version alone guards: a profile has a guard of its own, by `updated_at`, for changes at `/account`. */
function changeOf(path: string, i: number): Record<string, unknown> {
  if (path === '/users') return { groups: [GROUPS[i % GROUPS.length]] };
  const member = { '/clients': 'client_name', '/resources': 'name' }[path] ?? 'description';
  return { [member]: `change ${i}` };
}
