import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { Webhook } from 'standardwebhooks';
import { syslogFrame } from '../../server/audit/syslog.ts';
import { PAUSES_MS } from '../../server/audit/webhooks.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { deliveryWorld, receiver } from '../helpers/audit_delivery.ts';
import { makeIdentity } from '../helpers/certificates.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { listen } from '../helpers/ssrf_cases.ts';

const scope = { after };
const fileFolder = mkdtempSync(join(tmpdir(), 'cardea-test-audit-'));
defer(scope, () => rmSync(fileFolder, { recursive: true, force: true }));
const world = await deliveryWorld(scope, { fileFolder });
const { clock, delivery, destinations, append, find } = world;
const authority = await makeIdentity({ ca: true });
const named = await makeIdentity({ by: authority, names: [{ type: 'ip', value: '127.0.0.1' }] });
const other = await makeIdentity({ by: authority, names: [{ type: 'dns', value: 'elsewhere.example.com' }] });

const end = async (id: string) => carryOut(world.db, destinations.disabling(await find(id)));

/** Messages of a stream by their lengths (RFC 5425 §4.3). @throws for a frame that is wrong */
function framesIn(bytes: Buffer): string[] {
  const frames: string[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const space = rest.indexOf(' ');
    const length = Number(rest.subarray(0, space).toString());
    assert.ok(Number.isInteger(length) && rest.length >= space + 1 + length, 'a whole frame');
    frames.push(rest.subarray(space + 1, space + 1 + length).toString());
    rest = rest.subarray(space + 1 + length);
  }
  return frames;
}

/** A server for syslog over TLS. `drops`: it ends connections at once. */
async function syslogServer(within: Scope, identity = named) {
  const made = { port: 0, frames: [] as string[], drops: false };
  const server = createServer({ cert: identity.pem, key: identity.keyPem }, (socket: TLSSocket) => {
    socket.on('error', () => {});
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => made.frames.push(...framesIn(Buffer.concat(chunks))));
  });
  server.on('tlsClientError', () => {});
  server.on('connection', (socket) => made.drops && socket.destroy());
  made.port = await listen(within, server, '127.0.0.1');
  return made;
}

const MESSAGE = /^<(\d+)>1 (\S+) (\S+) (\S+) - (\S+) (\[.*\]) (\{.*\})$/;

test('syslog: events are sent as RFC 5424 over TLS, many in one connection, and in order', async (t) => {
  const server = await syslogServer(t);
  const settings = { host: '127.0.0.1', port: server.port, ca: authority.pem, enterprise_number: 4_711 };
  const { id } = await world.destination('syslog', settings);
  const done = await append(['groups.create', 'groups.update']);
  const denied = await append(['groups.delete'], { kind: 'group', id: 'a"]\\é\u{1f600}' }, 'denied');
  await delivery.run();
  const parsed = server.frames.map((frame) => MESSAGE.exec(frame));
  assert.deepEqual(
    parsed.map((match) => match?.slice(1, 6)),
    [
      ['110', new Date(clock.ms).toISOString(), 'id.example.com', 'cardea', 'groups.create'],
      ['110', new Date(clock.ms).toISOString(), 'id.example.com', 'cardea', 'groups.update'],
      ['108', new Date(clock.ms).toISOString(), 'id.example.com', 'cardea', 'groups.delete'],
    ],
  );
  const bodies = parsed.map((match) => JSON.parse(match?.[7] ?? '{}'));
  assert.deepEqual(
    bodies.map((body) => body.id),
    [...done, ...denied],
  );
  assert.equal(bodies[2].data.target_id, 'a"]\\é\u{1f600}');
  assert.equal(parsed[0]?.[6], `[origin software="Cardea"][audit@4711 id="${done[0]}" type="groups.create"]`);
  await end(id);
});

test('syslog: a message is ASCII and not longer than a receiver has to take (RFC 5425 §4.3.1)', () => {
  const changes = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`field${i}`, { before: 'é'.repeat(200) }]));
  const message = { id: 'a', type: 'b'.repeat(60), at: new Date(0), severity: 'notice', subject: undefined } as const;
  const frame = syslogFrame({ ...message, data: { changes } }, 'id.example.com').toString('latin1');
  assert.match(frame, /^[\x20-\x7e]+$/);
  const [only = ''] = framesIn(Buffer.from(frame));
  assert.ok(only.length <= 8_192);
  assert.equal(JSON.parse(only.slice(only.indexOf('{'))).data.shortened, true);
  assert.equal(only.split(' ')[5], 'b'.repeat(32));
});

test('syslog: a message that just fits is whole, and says its facility, severity and host', () => {
  const frame = (length: number, host = 'id.example.com') => {
    const data = { changes: { a: 'x'.repeat(length) } };
    const message = { id: 'a', type: 'b', at: new Date(0), severity: 'notice', subject: undefined, data } as const;
    return framesIn(syslogFrame(message, host))[0] ?? '';
  };
  const left = 8_192 - frame(0).length;
  assert.equal(frame(left).length, 8_192);
  assert.ok(!frame(left).includes('shortened'));
  assert.ok(frame(left + 1).includes('"changes":{"a":{}},"shortened":true'));
  // Facility 13, severity 5 (RFC 5424 §6.2.1).
  assert.ok(frame(0).startsWith('<109>1 1970-01-01T00:00:00.000Z id.example.com cardea - b [origin '));
  assert.equal(frame(0, '').split(' ')[2], '-');
  assert.equal(frame(0, 'bü cher').split(' ')[2], 'b??cher');
  assert.equal(frame(0, 'h'.repeat(256)).split(' ')[2], 'h'.repeat(255));
});

for (const [about, identity, ca, reason] of [
  ['of another name', other, authority.pem, 'connection'],
  ['of an authority that is not trusted', named, undefined, 'connection'],
] as const) {
  test(`syslog: a server with a certificate ${about} gets nothing`, async (t) => {
    const server = await syslogServer(t, identity);
    const { id, position } = await world.destination('syslog', {
      host: '127.0.0.1',
      port: server.port,
      ...(ca === undefined ? {} : { ca }),
    });
    await append(['groups.create']);
    await delivery.run();
    const { lastFailure, position: kept } = await find(id);
    assert.deepEqual([lastFailure, kept, server.frames], [reason, position, []]);
    await end(id);
  });
}

test('syslog: a server that ends connections gets all again when it is back', async (t) => {
  const server = await syslogServer(t);
  server.drops = true;
  const { id, position } = await world.destination('syslog', {
    host: '127.0.0.1',
    port: server.port,
    ca: authority.pem,
  });
  await append(['groups.create', 'groups.update']);
  await delivery.run();
  assert.deepEqual([(await find(id)).position, (await find(id)).attempts], [position, 1]);
  server.drops = false;
  clock.ms += PAUSES_MS[0];
  await delivery.run();
  assert.deepEqual([(await find(id)).position, server.frames.length], [position + 2, 2]);
  await end(id);
});

test('syslog: a private address is refused', async () => {
  const { id } = await world.destination('syslog', { host: '10.0.0.1' });
  await append(['groups.create']);
  await delivery.run();
  assert.equal((await find(id)).lastFailure, 'address');
  await end(id);
});

const linesOf = (name: string) =>
  readFileSync(join(fileFolder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; type: string });

test('file: events are lines of JSON, also after the file was moved away', async () => {
  const { id } = await world.destination('file', { file: 'audit.jsonl' }, { heads: true });
  const first = await append(['groups.create', 'groups.update']);
  await delivery.run();
  const events = (name: string) => linesOf(name).filter(({ type }) => type !== 'audit.head');
  assert.deepEqual(
    events('audit.jsonl').map((line) => line.id),
    first,
  );
  renameSync(join(fileFolder, 'audit.jsonl'), join(fileFolder, 'audit.jsonl.1'));
  clock.ms += 2_000;
  const second = await append(['groups.delete']);
  await delivery.run();
  assert.deepEqual(
    events('audit.jsonl').map((line) => line.id),
    second,
  );
  assert.deepEqual(
    events('audit.jsonl.1').map((line) => line.id),
    first,
  );
  assert.ok(
    linesOf('audit.jsonl').some(({ type }) => type === 'audit.head'),
    'a signed head leaves the database',
  );
  await end(id);
});

test('file: a line that a crash has cut off ends before the next one begins', async () => {
  writeFileSync(join(fileFolder, 'cut.jsonl'), '{"id":"cut o');
  const { id } = await world.destination('file', { file: 'cut.jsonl' });
  const ids = await append(['groups.create']);
  await delivery.run();
  const [cut, whole, ...rest] = readFileSync(join(fileFolder, 'cut.jsonl'), 'utf8').split('\n');
  assert.deepEqual([cut, JSON.parse(whole ?? '{}').id, rest], ['{"id":"cut o', ids[0], ['']]);
  await end(id);
});

test('file: a link is not followed, and no name leads out of the folder', async () => {
  const outside = join(fileFolder, '..', `outside-${process.pid}`);
  symlinkSync(outside, join(fileFolder, 'link.jsonl'));
  const { id, position } = await world.destination('file', { file: 'link.jsonl' });
  await append(['groups.create']);
  await delivery.run();
  assert.deepEqual([(await find(id)).lastFailure, (await find(id)).position], ['ELOOP', position]);
  await end(id);
  for (const file of ['../a', '/etc/passwd', 'a/b', '.hidden', '..', '']) {
    await assert.rejects(world.destination('file', { file }), { code: 'invalid_input' }, file);
  }
});

test('file: a node without the folder leaves such destinations to others', async () => {
  const { id, position } = await world.destination('file', { file: 'later.jsonl' });
  await append(['groups.create']);
  const node = world.node(({ file: _, ...rest }) => rest);
  await node.run();
  assert.deepEqual([(await find(id)).position, (await find(id)).attempts], [position, 0]);
  await delivery.run();
  assert.equal((await find(id)).position, position + 1);
  await end(id);
});

test('cloudevents: events have the structured form of CloudEvents 1.0, and are signed', async (t) => {
  const one = await receiver(t);
  const { id, secret } = await world.destination('cloudevents', { url: one.url });
  clock.ms = Math.floor(Date.now() / 1_000) * 1_000;
  const [event] = await append(['users.update'], { kind: 'user', id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f' });
  clock.ms += 10_000;
  await delivery.run();
  const [received] = one.received;
  assert.match(String(received?.headers['content-type']), /^application\/cloudevents\+json/);
  const body = new Webhook(secret).verify(received?.body ?? '', received?.headers as Record<string, string>) as Record<
    string,
    unknown
  >;
  const { data, ...attributes } = body;
  assert.deepEqual(attributes, {
    specversion: '1.0',
    id: event,
    source: 'https://id.example.com',
    type: 'cardea.users.update',
    subject: 'user/019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
    time: new Date(clock.ms - 10_000).toISOString(),
    datacontenttype: 'application/json',
  });
  assert.equal((data as { action: string }).action, 'users.update');
  await end(id);
});
