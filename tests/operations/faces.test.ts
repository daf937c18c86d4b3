import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ROUTES } from '../../server/admin/routes.ts';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import type { Operation } from '../../server/operations/operation.ts';
import { isPersonal, personalIn } from '../../server/operations/personal_fields.ts';
import { alike, bothFaces, exportsIn, facesOfNouns } from '../helpers/faces.ts';
import { remember } from '../helpers/secrets.ts';

/** Every verb of the command line and its route, on two equal databases. */
const { faces, run, tryOut } = await bothFaces({ after }, await facesOfNouns());

/** Operations that have a route and no verb, and why. */
const WITHOUT_VERB: Readonly<Record<string, string>> = {
  'me.show': 'a command acts as the user of the machine, with all permissions',
  'clients.replace': 'clients update changes what its options name; the configuration file replaces',
  'resources.replace': 'as clients.replace',
  'backups.list': 'it needs a folder of backups: tests/backup/restore.test.ts',
  'users.export_data': 'its answer is a file: tests/operations/data_export_faces.test.ts',
};

/** Operations that have no route, and why. */
const WITHOUT_ROUTE: Readonly<Record<string, string>> = {
  'issuer.move': 'a server must not change the issuer with which it runs',
  'operators.bootstrap': 'it makes the first who may call the API',
  'settings.declare': 'a configuration file alone declares settings',
  'settings.withdraw': 'a configuration file alone declares settings',
  'users.delete_own': 'the person does it at the account page, after a fresh sign-in',
  'users.warn_inactive': 'the server does it by its policy',
  'users.disable_inactive': 'the server does it by its policy',
  'users.delete_inactive': 'the server does it by its policy',
  'users.restore_own': 'the person does it at the sign-in',
  'secrets.change_database_password': 'the file with the URL has to follow, which the command writes',
  'secrets.replace': 'the command itself replaces the file',
  'clients.declare_secret': 'others get a secret that the server has made',
};

/** Names of operations that showed something, and of those that showed an empty list. */
const shown = new Set<string>();
const empty: string[] = [];

const operations = (await exportsIn('server/operations')).flatMap(operationsIn);

function operationsIn(exported: unknown): Operation[] {
  if (typeof exported !== 'object' || exported === null) return [];
  return Object.values(exported).filter(
    (one): one is Operation =>
      typeof one === 'object' && one !== null && ['read', 'change', 'stream'].includes(String(one.kind)),
  );
}

for (const face of faces) {
  test(`${face.operation.name} ${face.about ?? ''}: cardea ${face.cli.slice(0, 2).join(' ')} does what ${face.method} ${face.path.split(/[?/]/)[1]} does`, async () => {
    const tried = face.operation.kind === 'change' ? await tryOut(face) : undefined;
    const { ran, answer, entries } = await run(face);
    if (tried) {
      assert.deepEqual(tried.changed, [], 'a dry run changes nothing');
      assert.equal(tried.answer.status, answer.status, 'a dry run is answered as the change');
      if (answer.status < 300) assert.equal(tried.answer.headers['preference-applied'], 'handling=dry-run');
    }
    const [byCli, byHttp] = entries;
    assert.deepEqual(asListed(alike(byCli)), asListed(alike(byHttp)), 'the same entries in the audit');
    const reasons = byHttp.map((entry) => (entry as { reason: string | null }).reason);
    if (face.refused !== undefined) {
      assert.equal(ran.code, 1, ran.stderr);
      assert.equal(String(answer.body.type).split('/').at(-1), face.refused);
      if (face.operation.kind === 'change') assert.deepEqual(reasons, [face.refused]);
      return;
    }
    assert.equal(ran.code, 0, ran.stderr);
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    for (const made of [ran.json, answer.body]) if (made.client_secret) remember('client_secret', made.client_secret);
    const { items } = answer.body;
    assert.deepEqual(alike(ran.json), alike(items ?? answer.body), 'the JSON of the command is what the route sends');
    if (items?.length === 0) empty.push(face.operation.name);
    else shown.add(face.operation.name);
    const actions = byHttp.map((entry) => (entry as { action: string }).action);
    const change = face.operation.kind === 'change' && !face.unchanged ? [face.operation.name] : [];
    const { output } = face.operation.schemas;
    const shows = face.operation.kind === 'change' ? isPersonal(output) : personalIn(output, answer.body).length > 0;
    assert.deepEqual(actions, [...change, ...(shows ? [READ_IN_FULL] : [])]);
  });
}

/** The command has one verb for the list and the search of people. */
function asListed(entries: unknown): unknown {
  return JSON.parse(JSON.stringify(entries).replaceAll('"users.search"', '"users.list"'));
}

test('no list was empty in all of its rows', () => {
  assert.deepEqual(
    empty.filter((name) => !shown.has(name)),
    [],
  );
});

test('every change has a route, or a reason why not', () => {
  const routed = new Set(ROUTES.map(({ operation }) => operation.name));
  const changes = operations.filter(({ kind }) => kind === 'change').map(({ name }) => name);
  assert.deepEqual(
    changes.filter((name) => !routed.has(name)).toSorted(),
    Object.keys(WITHOUT_ROUTE).toSorted(),
    'a row in server/admin/routes.ts',
  );
});

test('every route has a verb that does the same, or a reason why not', () => {
  // Streams are in streams.test.ts.
  const routed = ROUTES.filter(({ operation }) => operation.kind !== 'stream').map(({ operation }) => operation.name);
  const done = new Set(faces.filter(({ refused }) => refused === undefined).map(({ operation }) => operation.name));
  assert.deepEqual(
    routed.filter((name) => !done.has(name)).toSorted(),
    Object.keys(WITHOUT_VERB).toSorted(),
    'a row in tests/operations/faces/ that is not refused',
  );
});

test('every name of an operation is that of one operation alone', () => {
  const names = operations.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
});

test('what the verb delete does has that name in the API and in the audit', () => {
  const deleting = faces.filter(({ cli }) => cli[1] === 'delete').map(({ operation }) => operation.name);
  assert.ok(deleting.length > 0);
  assert.deepEqual(
    deleting.filter((name) => !name.endsWith('.delete')),
    [],
  );
});
