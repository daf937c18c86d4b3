import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { keyText } from '../../server/platform/reseal.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { finished, runCli, startCli } from '../cli/run_cli.ts';
import { tokensFor } from '../flows/support.ts';
import { accountChanges } from '../helpers/account_changes.ts';
import { deployment } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

/** The master key is changed while people sign in: none notices, also when the command is killed half-way. */

const PEOPLE = LONG ? 10_000 : 700;
const SIGNING_IN = 4;

const scope = { after };
const newMasterKey = () => remember('master_key', randomBytes(32).toString('base64'));
const [oldKey, newKey] = [newMasterKey(), newMasterKey()];
const url = await databaseUrl(scope);
// Its secrets are sealed under the old key.
const before = await deployment(scope, { databaseUrl: url, masterKey: oldKey });
const party = await before.seed.party({ metadata: { scope: 'openid profile email offline_access' } });
const people = await Promise.all(Array.from({ length: SIGNING_IN }, () => before.seed.person()));
const { createAll } = accountChanges(before.db, before.seed.accounts);
for (let made = 0; made < PEOPLE; made += 100) {
  await createAll(
    Array.from({ length: 100 }, (_, i) => ({ email: `person-${made + i}@example.com`, name: 'A Person' })),
  );
}
await before.close();

const both = { CARDEA_MASTER_KEY: `${newKey},${oldKey}` };
const rolling = await deployment(scope, {
  databaseUrl: url,
  masterKey: oldKey,
  env: { ...both, CARDEA_ISSUER: before.issuer, CARDEA_PORT: new URL(before.issuer).port },
});
const { db } = rolling;
// At the address of the first one.
const app = { ...rolling, issuer: before.issuer };
const [oldSealer, newSealer] = [oldKey, newKey].map((key) => createSealer([Buffer.from(key, 'base64')]));
assert.ok(oldSealer && newSealer);
const sql = <R extends object>(text: string) => db.run<R>({ text }, []);

const keys = () => sql<{ sealed_key: Buffer }>('SELECT sealed_key FROM data_keys');
const moved = async () => (await keys()).filter(({ sealed_key: key }) => !newSealer.isStale(key)).length;
const NAME = 'rotation';
const env = { CARDEA_DATABASE_URL: `${url}?application_name=${NAME}`, CARDEA_ISSUER: before.issuer, ...both };

/** Signs people in, one after the other, until it is stopped. */
function signingIn() {
  const failures: unknown[] = [];
  let [signIns, stopped] = [0, false];
  const work = async () => {
    for (let i = 0; !stopped; i += 1) {
      const person = people[i % people.length];
      assert.ok(person);
      try {
        await tokensFor(app, party, person);
        signIns += 1;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const running = work();
  return {
    failures,
    count: () => signIns,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

test('a rotation under sign-ins fails none, goes on after a kill, and leaves nothing that the old key opens', async (t) => {
  const total = (await keys()).length;
  assert.equal(total, PEOPLE + SIGNING_IN);
  const signIns = signingIn();
  const began = performance.now();
  defer(scope, signIns.stop);

  // A row that another transaction holds stops the rotation half-way.
  const holder = await db.connect();
  defer(scope, () => holder.end());
  await holder.query('BEGIN');
  // OFFSET within: rows that it leaves out would be locked as well.
  const one = `SELECT account_id FROM data_keys ORDER BY account_id OFFSET ${Math.floor(total * 0.75)} LIMIT 1`;
  await holder.query(`SELECT 1 FROM data_keys WHERE account_id = (${one}) FOR UPDATE`);
  const child = startCli(['master-key', 'rotate', '--json'], env);
  const ended = finished(child);
  const endedEarly = ended.then(({ stderr }) => assert.fail(stderr));
  await Promise.race([endedEarly, until('a part is moved', async () => (await moved()) > 0, { withinMs: 30_000 })]);
  const waiting = (what: string) =>
    `SELECT ${what} FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = '${NAME}'`;
  await until('the rotation waits', async () => (await sql(waiting('pid'))).length > 0, { withinMs: 30_000 });
  const meanwhile = signIns.count();
  await until('people sign in', async () => signIns.failures.length > 0 || signIns.count() > meanwhile + 2, {
    withinMs: 30_000,
  });
  assert.deepEqual(signIns.failures, []);
  child.kill('SIGKILL');
  assert.equal((await ended).code, null);
  // Postgres would complete the batch whose sender is dead.
  await sql(waiting('pg_terminate_backend(pid)'));
  await holder.query('ROLLBACK');
  const half = await moved();
  assert.ok(half > 0 && half < total, `${half} of ${total}`);

  const resumed = await runCli(['master-key', 'rotate', '--json'], { env });
  assert.equal(resumed.code, 0, resumed.stderr);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  await signIns.stop();
  assert.deepEqual(signIns.failures, []);
  const column = resumed.json.find((one: { table: string }) => one.table === 'data_keys');
  assert.deepEqual([column.seen, column.resealed], [total, total - half]);

  let opened = 0;
  for (const sealed of SEALED) {
    const { table, column } = sealed;
    const rows = await sql<{ row: string; value: Buffer }>(
      `SELECT ${keyText(sealed)} AS row, ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL`,
    );
    opened += rows.length;
    for (const { row, value } of rows) {
      newSealer.open({ table, column, row }, value);
      assert.throws(() => oldSealer.open({ table, column, row }, value), { code: 'sealed_value_unreadable' }, table);
    }
  }
  t.diagnostic(
    `${total} people, ${opened} sealed values; killed after ${half} keys of people, the rest moved later; ` +
      `${seconds} s in all, ${signIns.count()} sign-ins meanwhile, ${signIns.failures.length} failed`,
  );
  const alone = (key: string) => runCli(['users', 'list', '--limit', '1'], { env: { ...env, CARDEA_MASTER_KEY: key } });
  assert.equal((await alone(newKey)).code, 0);
  assert.equal((await alone(oldKey)).code, 1);
});
