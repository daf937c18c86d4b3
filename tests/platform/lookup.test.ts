import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLookup, createSystemLookup, NoSuchName } from '../../server/platform/lookup.ts';
import { silentNameServer } from '../helpers/name_server.ts';
import { until } from '../helpers/waiting.ts';

const names = await silentNameServer({ after });
names.addresses.set('rp.example', '192.0.2.7').set('nobody.example', '');
const lookup = createLookup({ servers: [names.server] });
const never = new AbortController().signal;

test('a name resolves to the addresses of its servers', async () => {
  assert.deepEqual(await lookup('rp.example', never), [{ address: '192.0.2.7', family: 4 }]);
});

test('a name that does not exist is distinguished from one without an answer', async () => {
  await assert.rejects(lookup('nobody.example', never), NoSuchName);
  const failed = lookup('failing.example', never);
  await until('the name to be asked for', () => names.asked.has('failing.example'));
  names.fail();
  await assert.rejects(failed, (error) => !(error instanceof NoSuchName));
});

test('a cancelled look-up ends at once', async () => {
  const quiet = await silentNameServer({ after });
  const controller = new AbortController();
  const given = createLookup({ servers: [quiet.server] })('slow.example', controller.signal);
  await until('the name to be asked for', () => quiet.asked.has('slow.example'));
  controller.abort();
  await assert.rejects(given, { code: 'ECANCELLED' });
});

test('names of the machine itself are not sent to a server (RFC 6761 §6.3)', async () => {
  for (const name of ['localhost', 'app.localhost']) {
    const found = await lookup(name, never);
    assert.ok(found.some(({ address }) => address === '127.0.0.1'));
  }
  assert.ok(![...names.asked].some((name) => name.includes('localhost')));
});

test('the hosts file has precedence, for a name in any case and with a final dot', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-hosts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const hostsFile = join(folder, 'hosts');
  writeFileSync(hostsFile, '192.0.2.1 other.example # rp.example\n\n192.0.2.9\tPrinter.example rp.example\n');
  const withFile = createLookup({ servers: [names.server], hostsFile });
  for (const name of ['rp.example', 'printer.example', 'PRINTER.example.']) {
    assert.deepEqual(await withFile(name, never), [{ address: '192.0.2.9', family: 4 }], name);
  }
});

test('a name of the operator is resolved by the name servers and then by the system', async () => {
  const system = createSystemLookup({ servers: [names.server] });
  await assert.rejects(system('nobody.example', never), (error) => error instanceof Error);
  assert.deepEqual(await system('rp.example', never), [{ address: '192.0.2.7', family: 4 }]);
  // When the name servers fail, the system's resolver must not be asked instead.
  names.fail();
  await assert.rejects(system('unknown.example', never), { code: 'ESERVFAIL' });
});
