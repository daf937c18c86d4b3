import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Config, loadConfig } from '../../server/config.ts';
import { SETTINGS, type SettingName } from '../../server/settings.ts';
import { KEY, problem, problems } from './config_problems.ts';

/** The accepted and refused values of each setting by itself; config_conflicts.test.ts tests settings together. */
const cases: readonly {
  name: SettingName;
  read: (config: Config) => unknown;
  /** Values that are accepted, and what is read from them. */
  good: Readonly<Record<string, unknown>>;
  bad: readonly string[];
}[] = [
  {
    name: 'CARDEA_ISSUER',
    read: (config) => config.issuer.identifier,
    good: {
      'https://id.cardea.test': 'https://id.cardea.test',
      'http://127.0.0.1:3000': 'http://127.0.0.1:3000',
      'https://cardea.test/auth': 'https://cardea.test/auth',
      'http://localhost:3000/a-b/~c_d/v1.2': 'http://localhost:3000/a-b/~c_d/v1.2',
      'https://Cardea.test:443/Auth': 'https://cardea.test/Auth',
    },
    bad: [
      '',
      'id.example.com',
      'ftp://id.example.com',
      'https://id.example.com/',
      'https://id.example.com/a/',
      'https://id.example.com//',
      'https://id.example.com/a//b',
      'https://id.example.com/..',
      'https://id.example.com/a/../b',
      'https://id.example.com/.well-known/a',
      'https://id.example.com/%61',
      'https://id.example.com/a;b',
      'https://id.example.com/a:b',
      'https://id.example.com/*',
      'https://id.example.com/ä',
      'https://id.example.com/a b',
      'https://id.example.com/a\n',
      'https://id.example.com\\a',
      'https:id.example.com/a',
      'https:/id.example.com/a',
      'https://id.example.com/readyz',
      'https://id.example.com/a?',
      'https://id.example.com/a#',
      'https://id.example.com?a=b',
      'https://id.example.com#a',
      'https://user:pw@id.example.com',
      'javascript:alert(1)',
    ],
  },
  { name: 'CARDEA_HOST', read: (config) => config.host, good: { '0.0.0.0': '0.0.0.0' }, bad: [''] },
  {
    name: 'CARDEA_PORT',
    read: (config) => config.port,
    good: { '0': 0, '65535': 65_535 },
    bad: ['', '-1', '65536', '3e3', '0x10', '1.5', ' 80', 'http'],
  },
  {
    name: 'CARDEA_DATABASE_URL',
    read: (config) => config.databaseUrl,
    good: { 'postgres://u:p@h/d': 'postgres://u:p@h/d', 'postgresql://h/d': 'postgresql://h/d' },
    bad: ['', 'h/d', 'mysql://h/d', 'redis://h'],
  },
  {
    name: 'CARDEA_DATABASE_POOL',
    read: (config) => config.databasePool,
    good: { '1': 1, '500': 500 },
    bad: ['0', '501', 'many'],
  },
  {
    name: 'CARDEA_DATABASE_TIMEOUT_MS',
    read: (config) => config.databaseTimeoutMs,
    good: { '100': 100, '60000': 60_000 },
    bad: ['99', '60001', '5s'],
  },
  {
    name: 'CARDEA_SMTP_URL',
    read: (config) => config.smtp,
    good: {
      'smtp://mail.example.com': {
        host: 'mail.example.com',
        port: 587,
        secure: false,
        tls: 'required',
        auth: undefined,
      },
      'smtps://door:p%40ss@mail.example.com': {
        host: 'mail.example.com',
        port: 465,
        secure: true,
        tls: 'required',
        auth: { user: 'door', pass: 'p@ss' },
      },
      'smtp://127.0.0.1:25': { host: '127.0.0.1', port: 25, secure: false, tls: 'none', auth: undefined },
      'smtp://[::1]:25': { host: '::1', port: 25, secure: false, tls: 'none', auth: undefined },
      'smtp://localhost:25?tls=required': {
        host: 'localhost',
        port: 25,
        secure: false,
        tls: 'required',
        auth: undefined,
      },
      'smtp://relay:25?tls=none': { host: 'relay', port: 25, secure: false, tls: 'none', auth: undefined },
    },
    bad: [
      '',
      'relay:25',
      'http://relay',
      'smtp://',
      'smtp://relay/path',
      'smtp://relay?tls=maybe',
      'smtp://relay?pool=1',
      'smtp://%zz@relay',
    ],
  },
  {
    name: 'CARDEA_MAIL_FROM',
    read: (config) => config.mailFrom,
    good: {
      'door@example.com': { address: 'door@example.com' },
      'Cardea at Example <door@example.com>': { name: 'Cardea at Example', address: 'door@example.com' },
    },
    bad: ['', 'Cardea', 'a@b, c@d', 'Cardea <door>', 'Cardea\r\nBcc: x <door@example.com>', 'a@b <c@d>'],
  },
  {
    name: 'CARDEA_TOKEN_STATUS_LIST',
    read: (config) => config.tokenStatusList,
    good: { true: true, false: false },
    bad: ['', 'on'],
  },
  {
    name: 'CARDEA_REGISTRATION',
    read: (config) => config.registration.mode,
    good: { off: 'off', token: 'token', open: 'open' },
    bad: ['', 'true', 'Open'],
  },
  {
    name: 'CARDEA_REGISTRATION_QUOTA',
    read: (config) => config.registration.quota,
    good: { '1': 1 },
    bad: ['', '0', '-1', '100001'],
  },
  {
    name: 'CARDEA_SOFTWARE_STATEMENT_ISSUERS',
    read: (config) => config.registration.statementIssuers,
    good: { '/etc/cardea/issuers.json': '/etc/cardea/issuers.json' },
    bad: [''],
  },
  {
    name: 'CARDEA_CLIENT_ID_METADATA_DOCUMENTS',
    read: (config) => config.registration.documents.enabled,
    good: { true: true, false: false },
    bad: ['', 'yes'],
  },
  {
    name: 'CARDEA_CLIENT_ID_METADATA_HOSTS',
    read: (config) => config.registration.documents.hosts,
    good: { 'agent.example, *.apps.example': ['agent.example', '*.apps.example'] },
    bad: ['', 'https://agent.example', '*', 'agent.example/x'],
  },
  // With configured types; see tests/flows/rfc9396_rar.test.ts.
  {
    name: 'CARDEA_AUTHORIZATION_DETAILS_TYPES',
    read: (config) => config.detailsTypes.names,
    good: {},
    bad: ['', '/nowhere', '.', 'package.json', 'LICENSE'],
  },
  // Valid only together; see config_conflicts.test.ts.
  { name: 'CARDEA_TLS_CERT', read: (config) => config.tls, good: {}, bad: ['', '/nowhere', '.'] },
  { name: 'CARDEA_TLS_KEY', read: (config) => config.tls, good: {}, bad: ['', '/nowhere', '.'] },
  {
    name: 'CARDEA_TLS_CLIENT_CA',
    read: (config) => config.clientCertificates,
    good: {},
    bad: ['', '/nowhere', '.', 'package.json'],
  },
  {
    name: 'CARDEA_TLS_CLIENT_CERTIFICATES',
    read: (config) => config.tls,
    good: { false: undefined },
    bad: ['', 'yes', 'true'],
  },
  {
    name: 'CARDEA_CLIENT_CERTIFICATE_HEADER',
    read: (config) => config.clientCertificates.header,
    good: {},
    bad: ['', 'client cert', 'Client-Cert:', 'Client-Cert', 'Zertifikät'],
  },
  {
    name: 'CARDEA_CONFIRM_LOGOUT',
    read: (config) => config.confirmLogout,
    good: { true: true, false: false },
    bad: ['', 'yes'],
  },
  {
    name: 'CARDEA_DPOP_NONCE',
    read: (config) => config.dpopNonceRequired,
    good: { optional: false, required: true },
    bad: ['', 'true'],
  },
  {
    name: 'CARDEA_AUDIENCE_PARAMETER',
    read: (config) => config.audienceParameter,
    good: { true: true, false: false },
    bad: ['', 'yes'],
  },
  {
    name: 'CARDEA_SIGN_UP',
    read: (config) => config.signUp,
    good: { true: true, false: false },
    bad: ['', 'yes'],
  },
  {
    name: 'CARDEA_REDIS_URL',
    read: (config) => config.redisUrl,
    good: {
      'redis://h:6379': 'redis://h:6379',
      'rediss://u:p@h:6379': 'rediss://u:p@h:6379',
      'redis+sentinel://a:26379,b:26379/main': 'redis+sentinel://a:26379,b:26379/main',
      'redis+cluster://a:6379,b:6379': 'redis+cluster://a:6379,b:6379',
    },
    bad: ['', 'h:6379', 'http://h:6379'],
  },
  { name: 'CARDEA_DATA_DIR', read: (config) => config.dataDir, good: { '/srv/cardea': '/srv/cardea' }, bad: [''] },
  {
    name: 'CARDEA_MASTER_KEY',
    read: (config) => config.masterKeys.map((key) => Buffer.from(key).toString('hex')),
    good: {
      [KEY]: [Buffer.from(KEY, 'base64').toString('hex')],
      ['ab'.repeat(32)]: ['ab'.repeat(32)],
      [`${'ab'.repeat(32)}, ${'cd'.repeat(32)}`]: ['ab'.repeat(32), 'cd'.repeat(32)],
    },
    bad: ['', ',', 'short', 'ab'.repeat(31), randomBytes(31).toString('base64'), `${KEY},short`],
  },
  {
    name: 'CARDEA_DEMO',
    read: (config) => config.demo,
    good: { true: true, '1': true, false: false, '0': false },
    bad: ['', 'yes', 'TRUE'],
  },
  {
    name: 'CARDEA_LOG_LEVEL',
    read: (config) => config.logLevel,
    good: { debug: 'debug' },
    bad: ['', 'INFO', 'verbose'],
  },
  { name: 'CARDEA_NAME', read: (config) => config.name, good: { Example: 'Example' }, bad: [''] },
  {
    name: 'CARDEA_SECOND_FACTOR',
    read: (config) => config.secondFactor.required,
    good: { optional: false, required: true },
    bad: ['', 'true', 'Required'],
  },
  {
    name: 'CARDEA_TRUST_DEVICE',
    read: (config) => config.secondFactor.trustDeviceSeconds,
    good: { '0': 0, '30d': 2_592_000 },
    bad: ['', 'never', '-1'],
  },
  {
    name: 'CARDEA_SECOND_FACTOR_GROUPS',
    read: (config) => config.secondFactor.groups,
    good: { '': [], 'admins, staff': ['admins', 'staff'] },
    bad: [],
  },
  {
    name: 'CARDEA_TRUSTED_PROXIES',
    read: (config) => config.trustedProxies,
    good: { '': [], '10.0.0.0/8, ::1': ['10.0.0.0/8', '::1'], '2001:db8::/32': ['2001:db8::/32'] },
    bad: ['localhost', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0', '10.0.0.1/-1'],
  },
  {
    name: 'CARDEA_OUTBOUND_ALLOW',
    read: (config) => config.outboundAllow,
    good: { '': [], '10.1.0.0/16, fd00::1': ['10.1.0.0/16', 'fd00::1'] },
    bad: ['localhost', '10.0.0.0/33'],
  },
  {
    name: 'CARDEA_RATE_LIMIT',
    read: (config) => config.rateLimit,
    good: { '1': 1 },
    bad: ['0', '1000001', 'off'],
  },
  {
    name: 'CARDEA_MAIL_LIMIT',
    read: (config) => config.mails.inAll,
    good: { '1': 1 },
    bad: ['0', '10000001', 'off'],
  },
  {
    name: 'CARDEA_MAIL_LIMIT_ADDRESS',
    read: (config) => config.mails.perNetwork,
    good: { '1': 1 },
    bad: ['0', '1000001', 'off'],
  },
  {
    name: 'CARDEA_PASSWORD_POLICY',
    read: (config) => config.passwords.policy,
    good: { complex: 'complex', nist: 'nist' },
    bad: ['', 'none', 'NIST'],
  },
  {
    name: 'CARDEA_PASSWORD_MAX_AGE',
    read: (config) => config.passwords.maxAgeSeconds,
    good: { '365d': 31_536_000, '60': 60 },
    bad: ['', '0', '59s', 'never'],
  },
  {
    name: 'CARDEA_PASSWORD_BLOCKLIST',
    read: (config) => config.passwords.blocklist,
    good: { '/srv/leaks': '/srv/leaks' },
    bad: [''],
  },
  {
    name: 'CARDEA_PASSWORD_PEPPER',
    read: (config) => config.passwords.peppers.map((pepper) => Buffer.from(pepper).toString('hex')),
    good: { [`${'ab'.repeat(32)},${'cd'.repeat(32)}`]: ['ab'.repeat(32), 'cd'.repeat(32)] },
    bad: ['', 'short', randomBytes(31).toString('base64')],
  },
  {
    name: 'CARDEA_PASSWORD_HASHING_MEMORY',
    read: (config) => config.passwords.memory,
    good: { '19': 19 },
    bad: ['', '18', '1G'],
  },
  {
    name: 'CARDEA_PASSWORD_QUEUE',
    read: (config) => config.passwords.queueLimit,
    good: { '1': 1 },
    bad: ['', '0', '-1'],
  },
  {
    name: 'CARDEA_ARGON2_MEMORY',
    read: (config) => config.passwords.argon2.memory,
    good: { '65536': 65_536 },
    bad: ['', '7167', '64M', '19455'],
  },
  {
    name: 'CARDEA_ARGON2_ITERATIONS',
    read: (config) => config.passwords.argon2.iterations,
    good: { '3': 3 },
    bad: ['', '0', '101'],
  },
  {
    name: 'CARDEA_ARGON2_PARALLELISM',
    read: (config) => config.passwords.argon2.parallelism,
    good: { '4': 4 },
    bad: ['', '0', '17'],
  },
  {
    name: 'CARDEA_PROFILE',
    read: (config) => config.profile,
    good: { oidc: 'oidc', oauth21: 'oauth21', fapi2: 'fapi2' },
    bad: ['', 'oauth2', 'FAPI2', 'none'],
  },
  {
    name: 'CARDEA_KEY_RINGS',
    read: (config) => config.keys.rings,
    good: { 'RS256,ES256,EdDSA': ['RS256', 'ES256', 'EdDSA'], 'ES256,ES256': ['ES256'] },
    bad: ['', 'HS256', 'none', 'RS256,none'],
  },
  {
    name: 'CARDEA_KEY_RSA_BITS',
    read: (config) => config.keys.rsaBits,
    good: { '2048': 2048, '4096': 4096 },
    bad: ['1024', '2047', ''],
  },
  {
    name: 'CARDEA_ASSERTION_MAX',
    read: (config) => config.lifetimes.assertion,
    good: { '60s': 60, '1h': 3_600 },
    bad: ['59s', '2h', ''],
  },
];
const durations: readonly (readonly [SettingName, (config: Config) => number])[] = [
  ['CARDEA_KEY_ROTATION', (config) => config.keys.rotationSeconds],
  ['CARDEA_JWKS_MAX_AGE', (config) => config.keys.jwksMaxAgeSeconds],
  ['CARDEA_KEY_POLL', (config) => config.keys.pollSeconds],
  ['CARDEA_ACCESS_TOKEN_TTL', (config) => config.lifetimes.accessToken],
  ['CARDEA_ID_TOKEN_TTL', (config) => config.lifetimes.idToken],
  ['CARDEA_CODE_TTL', (config) => config.lifetimes.authorizationCode],
  ['CARDEA_REFRESH_TOKEN_IDLE_TTL', (config) => config.lifetimes.refreshTokenIdle],
  ['CARDEA_REFRESH_TOKEN_TTL', (config) => config.lifetimes.refreshTokenAbsolute],
  ['CARDEA_SESSION_TTL', (config) => config.lifetimes.session],
  ['CARDEA_SESSION_MAX', (config) => config.lifetimes.sessionAbsolute],
  ['CARDEA_REGISTRATION_IDLE', (config) => config.registration.idleSeconds],
  ['CARDEA_INTERACTION_TTL', (config) => config.lifetimes.interaction],
];
const all = [
  ...cases,
  ...durations.map(([name, read]) => ({
    name,
    read: read as (config: Config) => unknown,
    good: { '90': 90, '90s': 90, '15m': 900, '12h': 43_200, '30d': 2_592_000 },
    bad: ['', '0', '0d', '-1h', '1.5h', '1w', 'h', '1 h', '1h30m', '3651d', '999999999d'],
  })),
];

for (const { name, read, good, bad } of all) {
  test(`${name} accepts valid values and explains invalid ones`, () => {
    for (const [text, expected] of Object.entries(good))
      assert.deepEqual(read(loadConfig({ [name]: text })), expected, text);
    for (const text of bad) assert.match(problem({ [name]: text }), new RegExp(`^${name} must `), text);
  });
}

test('each setting is covered by this file', () => {
  assert.deepEqual(all.map(({ name }) => name).sort(), Object.keys(SETTINGS).sort());
});

test('every text is accepted or refused with a ConfigError', () => {
  const names = Object.keys(SETTINGS);
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.string({ unit: 'binary' }), (name, text) => {
      assert.ok(problems({ [name]: text }).every((one) => one.startsWith(`${name} `)));
    }),
  );
});
