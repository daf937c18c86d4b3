import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { createForwardedWatch } from '../../server/platform/forwarded.ts';
import { createLog } from '../../server/platform/log.ts';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { type Deployment, deployment } from '../helpers/deployment.ts';
import { MINUTE_MS } from '../helpers/limits.ts';
import { authorization } from '../helpers/relying_party.ts';
import { assertRefusal, send } from './wire.ts';

/**
 * A forwarded address is used from a configured proxy only (authentik CVE-2023-36456), a malformed one is refused
 * (CVE-2024-47070), and an IPv6 address counts by its network (better-auth CVE-2026-45364).
 */

let at = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
const scope = { after };
const env = { CARDEA_RATE_LIMIT: '3' };
const now = () => at;
const direct = await deployment(scope, { env, now });
const proxied = await deployment(scope, { env: { ...env, CARDEA_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' }, now });
const parties = new Map([
  [direct, await direct.seed.party()],
  [proxied, await proxied.seed.party()],
]);

async function guess(app: Deployment, headers: Record<string, string>): Promise<number> {
  const party = parties.get(app);
  assert.ok(party);
  const all = {
    ...authorization({ ...party, secret: 'wrong' }),
    'content-type': 'application/x-www-form-urlencoded',
    ...headers,
  };
  return (
    await send(app.issuer, { method: 'POST', target: '/token', headers: all, body: 'grant_type=client_credentials' })
  ).status;
}

async function guesses(app: Deployment, addresses: readonly string[]): Promise<number[]> {
  at += MINUTE_MS;
  const statuses: number[] = [];
  for (const address of addresses) statuses.push(await guess(app, { 'x-forwarded-for': address }));
  return statuses;
}

test('without a trusted proxy the forwarded address is ignored', async () => {
  assert.deepEqual(
    await guesses(direct, ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', 'garbage']),
    [401, 401, 401, 429, 429],
  );
  at += MINUTE_MS;
  const statuses: number[] = [];
  for (const name of ['x-real-ip', 'forwarded', 'x-client-ip', 'cf-connecting-ip', 'true-client-ip']) {
    statuses.push(await guess(direct, { [name]: name === 'forwarded' ? 'for=192.0.2.9' : '192.0.2.9' }));
  }
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
});

test('behind a trusted proxy each forwarded address has its own count', async () => {
  assert.deepEqual(
    await guesses(proxied, ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']),
    [401, 401, 401, 429, 401],
  );
});

test('only the part of the header that the trusted proxy added is used', async () => {
  const spoofed = [
    '192.0.2.1, 198.51.100.7',
    '192.0.2.2, 198.51.100.7',
    'garbage, 198.51.100.7',
    '198.51.100.7, 10.1.2.3',
  ];
  assert.deepEqual(await guesses(proxied, spoofed), [401, 401, 401, 429]);
});

test('a malformed address from a trusted proxy is refused on every route', async () => {
  for (const address of [
    'garbage',
    '999.1.1.1',
    '192.0.2.1:80:80',
    '<script>',
    '::ffff:999.1.1.1',
    "' OR 1=1",
    '192.0.2.1, unknown',
    '[::1',
    `${'9'.repeat(4_000)}`,
  ]) {
    for (const target of ['/token', '/authorize', '/userinfo', '/login/abc', '/.well-known/jwks.json', '/']) {
      const method = target === '/token' ? 'POST' : 'GET';
      const answer = await send(proxied.issuer, { method, target, headers: { 'x-forwarded-for': address } });
      assertRefusal(answer, { status: 400, shape: 'oauth' }, `${address.slice(0, 30)} ${target}`);
      assert.ok(!answer.body.includes(address), 'it is not quoted');
    }
  }
});

test('addresses of one IPv6 network count together, those of the next network do not', async () => {
  const rotated = [
    '2001:db8:1:2::1',
    '2001:db8:1:2:dead:beef:0:1',
    '2001:DB8:1:2:ffff::',
    '2001:db8:0001:2::4',
    '2001:db8:1:3::1',
  ];
  assert.deepEqual(await guesses(proxied, rotated), [401, 401, 401, 429, 401]);
});

test('an IPv4 address written as IPv6 is the same address', async () => {
  assert.deepEqual(
    await guesses(proxied, ['192.0.2.77', '::ffff:192.0.2.77', '::FFFF:192.0.2.77', '192.0.2.77']),
    [401, 401, 401, 429],
  );
});

test('at the sign-in page one address does not use up the attempts of another', async () => {
  at += MINUTE_MS;
  const party = await proxied.seed.party({ firstParty: true });
  const person = await proxied.seed.person();
  const attempt = async (address: string, password: string) => {
    const { browser, page } = await begin(proxied, party);
    const { action, fields } = formOf(page);
    // Wrong guesses use other accounts, since those at one account are counted separately.
    const identifier = password === 'wrong' ? `${address}@example.com` : person.email;
    const form = { ...fields, identifier, password };
    return (await browser.post(action, form, { 'x-forwarded-for': address })).status;
  };
  for (let i = 0; i < 3; i += 1) assert.equal(await attempt('192.0.2.66', 'wrong'), 400);
  assert.equal(await attempt('192.0.2.66', person.password), 429);
  assert.equal(await attempt('192.0.2.67', person.password), 303);
});

test('a forwarded address from an untrusted peer is logged once, with the peer and the setting', () => {
  const warnings = (app: Deployment) =>
    app.logLines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ level }) => level === 'warn');
  assert.deepEqual(
    warnings(direct).map(({ peer, msg }) => [peer, /CARDEA_TRUSTED_PROXIES/.test(String(msg))]),
    [['127.0.0.1', true]],
  );
  assert.deepEqual(warnings(proxied), []);
});

test('a client on another network does not suppress that warning, and the log shows only its network', () => {
  const told: unknown[] = [];
  const watch = createForwardedWatch({
    trustedProxies: ['10.0.0.9'],
    log: createLog({ level: 'warn', destination: { write: (line) => void told.push(JSON.parse(line).peer) } }),
  });
  const send = (remoteAddress: string, headers: Record<string, string>) =>
    watch({ headers, socket: { remoteAddress } });
  send('10.0.0.8', {});
  send('10.0.0.9', { 'x-forwarded-for': '192.0.2.1' });
  assert.deepEqual(told, []);
  for (const peer of ['203.0.113.7', '2001:db8:1:2::7', '::ffff:10.0.0.8', '10.0.0.7']) {
    send(peer, { forwarded: 'for=192.0.2.1' });
  }
  assert.deepEqual(told, ['203.0.113.0/24', '10.0.0.8']);
});

test('in ops/compose.yaml nginx alone is trusted, and the nodes are reached by nothing else', () => {
  const compose = readFileSync(new URL('../../ops/compose.yaml', import.meta.url), 'utf8');
  const { services } = parse(compose, { merge: true });
  const [one, two] = [services['cardea-1'], services['cardea-2']];
  for (const node of [one, two]) {
    assert.equal(node.environment.CARDEA_TRUSTED_PROXIES, services.nginx.networks.default.ipv4_address);
    assert.equal(node.ports, undefined);
  }
});

test('forwarded addresses are not in the log', async () => {
  const log = [...direct.logLines, ...proxied.logLines].filter((line) => !line.includes('"peer"')).join('\n');
  assert.ok(log.includes('"/token"'), 'there is a log');
  for (const address of ['192.0.2.', '198.51.100.', '2001:db8', '2001:DB8', '127.0.0.1'])
    assert.ok(!log.includes(address), address);
});
