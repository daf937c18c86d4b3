import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACTIONS } from '../../server/audit/actions.ts';
import { APP_EVENTS } from '../../server/audit/delivered.ts';
import { assertActions } from '../../server/audit/destination_filter.ts';
import {
  checkSettings,
  DESTINATION_KINDS,
  type DestinationKind,
  type DestinationSettings,
  isSigned,
} from '../../server/audit/destination_settings.ts';
import { type AllowedTargets, assertTarget } from '../../server/audit/destination_targets.ts';

/** A destination that would never get anything is refused when it is made, with what would allow it. */

const PUBLIC: AllowedTargets = { outboundAllow: [], auditFileDir: undefined };
const LOOPBACK = { ...PUBLIC, outboundAllow: ['127.0.0.0/8', '::1/128'] };
const PRIVATE = { ...PUBLIC, outboundAllow: ['10.0.0.0/8'] };

const tried =
  (kind: DestinationKind, settings: DestinationSettings, allowed = PUBLIC) =>
  () =>
    assertTarget(kind, checkSettings(kind, settings), allowed);
const webhook = (url: string, allowed = PUBLIC) => tried('webhook', { url }, allowed);
const syslog = (host: string, allowed = PUBLIC) => tried('syslog', { host }, allowed);

const ACCEPTED: Readonly<Record<string, () => void>> = {
  'a name, of which the addresses are not asked for': webhook('https://siem.example.com/cardea'),
  'a public address': webhook('https://[2a00:1450::1]:8443/'),
  'cloudevents: a name': tried('cloudevents', { url: 'https://siem.example.com/' }),
  'a private address that is allowed': webhook('https://10.0.0.5/audit', PRIVATE),
  'http to a loopback address that is allowed': webhook('http://127.0.0.1:8080/', LOOPBACK),
  'http to localhost where loopback is allowed': webhook('http://localhost:8080/', LOOPBACK),
  'syslog: a name': syslog('syslog.example.com'),
  'syslog: an address that is allowed': syslog('10.1.2.3', PRIVATE),
  'syslog: an address of IPv6': syslog('2a00:1450::1'),
  'syslog: a name of one letter': syslog('a'),
  'syslog: the longest name': syslog(`${'a.'.repeat(126)}a`),
  'syslog: the first and the last port': () => {
    for (const port of [1_024, 65_535]) tried('syslog', { host: 'a.example.com', port })();
  },
  'syslog: the least number of IANA': tried('syslog', { host: 'a.example.com', enterprise_number: 1 }),
  'a file with the longest name': tried(
    'file',
    { file: 'a'.repeat(128) },
    { ...PUBLIC, auditFileDir: '/var/log/cardea' },
  ),
  'a file in the folder': tried('file', { file: 'audit.jsonl' }, { ...PUBLIC, auditFileDir: '/var/log/cardea' }),
};

for (const [what, accepted] of Object.entries(ACCEPTED)) test(`${what} is accepted`, () => accepted());

const ALLOW = /CARDEA_OUTBOUND_ALLOW/;
/** The field, and what the message has. */
const REFUSED: Readonly<Record<string, readonly [() => void, string, RegExp]>> = {
  'a private address': [webhook('https://10.0.0.5/audit'), 'url', ALLOW],
  'the address of a service of clouds': [webhook('https://169.254.169.254/'), 'url', ALLOW],
  'a loopback address': [webhook('https://[::1]/'), 'url', ALLOW],
  'a private address in another notation': [webhook('https://0x0a.1/'), 'url', /10\.0\.0\.1.*CARDEA_OUTBOUND_ALLOW/],
  'a private IPv4 address as one of IPv6': [webhook('https://[::ffff:10.0.0.5]/'), 'url', ALLOW],
  'localhost, which is not allowed': [webhook('https://localhost:8443/'), 'url', ALLOW],
  'http to a name': [webhook('http://siem.example.com/'), 'url', /must begin with https/],
  'http to a private address that is allowed': [webhook('http://10.0.0.5/', PRIVATE), 'url', /must begin with https/],
  'another scheme': [webhook('ftp://siem.example.com/'), 'url', /begins with https/],
  'a text that is no URL': [webhook('siem.example.com'), 'url', /begins with https/],
  'a password in a URL': [webhook('https://a:b@siem.example.com/'), 'url', /no user name and no password/],
  'a port of another service': [webhook('https://siem.example.com:25/'), 'url', /443, or one from 1024/],
  'syslog: a private address': [syslog('10.0.0.5'), 'host', ALLOW],
  'syslog: a private address as one number': [syslog('167772165'), 'host', ALLOW],
  'syslog: this machine': [syslog('localhost'), 'host', ALLOW],
  'syslog without TLS': [syslog('udp://syslog.example.com'), 'host', /over TLS/],
  'syslog at the port without TLS': [tried('syslog', { host: 'a.example.com', port: 514 }), 'port', /6514/],
  'syslog at a port before the first': [tried('syslog', { host: 'a.example.com', port: 1_023 }), 'port', /from 1024/],
  'syslog at a port after the last': [tried('syslog', { host: 'a.example.com', port: 65_536 }), 'port', /to 65535/],
  'syslog: a name that is too long': [syslog(`${'a.'.repeat(126)}aa`), 'host', /host alone/],
  'syslog: a name that begins with a dot': [syslog('.example.com'), 'host', /host alone/],
  'syslog: a name that ends with a hyphen': [syslog('example.com-'), 'host', /host alone/],
  'syslog: no certificate': [tried('syslog', { host: 'a.example.com', ca: 'none' }), 'ca', /in PEM/],
  'syslog: the number 0': [
    tried('syslog', { host: 'a.example.com', enterprise_number: 0 }),
    'enterprise_number',
    /IANA/,
  ],
  'syslog: half a number': [
    tried('syslog', { host: 'a.example.com', enterprise_number: 1.5 }),
    'enterprise_number',
    /IANA/,
  ],
  'a webhook without a URL': [tried('webhook', {}), 'url', /is missing/],
  'cloudevents without a URL': [tried('cloudevents', {}), 'url', /is missing/],
  'syslog: a private address of IPv6': [syslog('fd00::1'), 'host', ALLOW],
  'syslog: a loopback address of IPv6': [syslog('::1'), 'host', ALLOW],
  'a webhook with a setting of syslog': [
    tried('webhook', { url: 'https://siem.example.com/', port: 6_514 }),
    'port',
    /none of the settings/,
  ],
  'a file whose name is too long': [tried('file', { file: 'a'.repeat(129) }), 'file', /name of a file alone/],
  'a hidden file': [tried('file', { file: '.a' }), 'file', /name of a file alone/],
  'a file where the server has no folder for it': [
    tried('file', { file: 'a' }),
    'kind',
    /CARDEA_AUDIT_FILE_DIR is not set/,
  ],
  'a file in another folder': [tried('file', { file: '../a' }), 'file', /CARDEA_AUDIT_FILE_DIR/],
};

for (const [what, [refused, field, said]] of Object.entries(REFUSED)) {
  test(`${what} is refused`, () => assert.throws(refused, { code: 'invalid_input', field, message: said }));
}

test('what is sent by HTTP is signed', () => {
  assert.deepEqual(DESTINATION_KINDS.filter(isSigned), ['webhook', 'cloudevents']);
});

test('a filter takes each action and each noun, and of an app each type of event', () => {
  for (const [of, names] of [
    ['audit', Object.keys(ACTIONS)],
    ['app', Object.keys(APP_EVENTS)],
  ] as const) {
    assertActions(of, []);
    assertActions(of, names);
    assertActions(
      of,
      names.map((name) => `${name.split('.')[0]}.*`),
    );
  }
});

for (const [of, name, said] of [
  ['audit', 'users.udpate', /users\.udpate is no action of the audit; did you mean users\.update\?/],
  ['audit', 'user.*', /user\.\* matches no action of the audit; did you mean users\.\*\?/],
  ['audit', 'user.updated', /is no action of the audit/],
  ['app', 'users.update', /is no type of the events of apps; did you mean user\.updated\?/],
  ['app', 'users.*', /matches no type of the events of apps; did you mean user\.\*\?/],
] as const) {
  test(`${name} is refused as a filter of ${of === 'app' ? 'an app' : 'the audit'}`, () =>
    assert.throws(() => assertActions(of, ['users.*', name].slice(of === 'app' ? 1 : 0)), {
      code: 'invalid_input',
      field: 'actions',
      message: said,
    }));
}
