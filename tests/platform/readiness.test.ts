import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';

/** /readyz says if people can sign in, which takes a writable database. */

let time = Date.now();
const app = await deployment({ after }, { now: () => time });
const ask = async () => {
  const response = await fetch(`${app.issuer}/readyz`);
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.text() };
};
const run = (text: string) => app.db.run({ name: '', text }, []);
const later = () => {
  time += 2_000;
};

test('503 while the disk of the database is full, although reading works, and 200 afterwards', async () => {
  assert.equal((await ask()).status, 200);
  // Postgres reports this when it cannot extend a file (SQLSTATE 53100).
  await run(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
  await run('CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON write_checks EXECUTE FUNCTION no_room()');
  later();
  const full = await ask();
  assert.equal(full.status, 503);
  assert.ok(Number(full.retryAfter) > 0);
  assert.doesNotMatch(full.body, /space|disk|write_checks/);
  assert.deepEqual(await run('SELECT 1 AS one'), [{ one: 1 }], 'reading works');
  await run('DROP TRIGGER full_disk ON write_checks');
  later();
  assert.equal((await ask()).status, 200);
});

test('many requests cause one write in two seconds', async () => {
  later();
  app.statements.length = 0;
  const answers = await Promise.all(Array.from({ length: 50 }, ask));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(app.statements.filter((text) => text.includes('write_checks')).length, 1);
  const [row] = (await run('SELECT count(*)::int AS rows FROM write_checks')) as { rows: number }[];
  assert.equal(row?.rows, 1, 'one row a node');
});
