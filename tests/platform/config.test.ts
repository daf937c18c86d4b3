import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Config, ConfigError, describeConfig, loadConfig, resolveMasterKeys } from '../../server/config.ts';
import { isLoopback } from '../../server/platform/smtp_url.ts';
import { SETTINGS, type SettingName } from '../../server/settings.ts';
import { makeIdentity } from '../helpers/certificates.ts';

const KEY = randomBytes(32).toString('base64');
const PRODUCTION = {
  NODE_ENV: 'production',
  CARDEA_ISSUER: 'https://id.example.com',
  CARDEA_DATABASE_URL: 'postgres://cardea:hunter2@db/cardea',
  CARDEA_MASTER_KEY: KEY,
} as const;

/** The problems that loading it reports; none when it loads. */
function problems(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'invalid_configuration');
    return error.problems;
  }
}

/** The only problem. */
function problem(env: Readonly<Record<string, string>>): string {
  const found = problems(env);
  assert.equal(found.length, 1, `one problem, not ${JSON.stringify(found)}`);
  return found[0] ?? '';
}

describe('configuration', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardea-test-config-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  test('works without any setting in development', () => {
    const config = loadConfig({});
    assert.equal(config.production, false);
    assert.equal(config.issuer.href, 'http://localhost:3000/');
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 3000);
    assert.equal(config.databaseUrl, undefined);
    assert.equal(config.redisUrl, undefined);
    assert.deepEqual(config.masterKeys, []);
    assert.equal(config.demo, true);
    assert.deepEqual(config.trustedProxies, []);
    assert.deepEqual(config.outboundAllow, ['127.0.0.0/8', '::1/128']);
    assert.deepEqual(config.keys.rings, ['RS256']);
    assert.equal(config.keys.rotationSeconds, 30 * 24 * 3600);
    assert.equal(config.lifetimes.authorizationCode, 60);
  });

  test('is frozen, including nested values', () => {
    const config = loadConfig({}) as { -readonly [K in keyof Config]: Config[K] };
    assert.throws(() => {
      config.port = 1;
    }, TypeError);
    assert.throws(() => {
      (config.keys as { rsaBits: number }).rsaBits = 512;
    }, TypeError);
    assert.throws(() => (config.trustedProxies as string[]).push('0.0.0.0/0'), TypeError);
  });

  test('the issuer follows the port unless it is set', () => {
    assert.equal(loadConfig({ CARDEA_PORT: '4000' }).issuer.origin, 'http://localhost:4000');
    const both = loadConfig({ ...PRODUCTION, CARDEA_PORT: '4000' });
    assert.equal(both.issuer.origin, 'https://id.example.com');
  });

  describe('readers', () => {
    const cases: readonly {
      name: SettingName;
      read: (config: Config) => unknown;
      good: readonly (readonly [string, unknown])[];
      bad: readonly string[];
    }[] = [
      {
        name: 'CARDEA_ISSUER',
        read: (config) => config.issuer.href,
        good: [
          ['https://id.cardea.test', 'https://id.cardea.test/'],
          ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/'],
        ],
        bad: [
          '',
          'id.example.com',
          'ftp://id.example.com',
          'https://id.example.com/',
          'https://id.example.com/a',
          'https://id.example.com?a=b',
          'https://id.example.com#a',
          'https://user:pw@id.example.com',
          'javascript:alert(1)',
        ],
      },
      { name: 'CARDEA_HOST', read: (config) => config.host, good: [['0.0.0.0', '0.0.0.0']], bad: [''] },
      {
        name: 'CARDEA_PORT',
        read: (config) => config.port,
        good: [
          ['0', 0],
          ['65535', 65_535],
        ],
        bad: ['', '-1', '65536', '3e3', '0x10', '1.5', ' 80', 'http'],
      },
      {
        name: 'CARDEA_DATABASE_URL',
        read: (config) => config.databaseUrl,
        good: [
          ['postgres://u:p@h/d', 'postgres://u:p@h/d'],
          ['postgresql://h/d', 'postgresql://h/d'],
        ],
        bad: ['', 'h/d', 'mysql://h/d', 'redis://h'],
      },
      {
        name: 'CARDEA_DATABASE_POOL',
        read: (config) => config.databasePool,
        good: [
          ['1', 1],
          ['500', 500],
        ],
        bad: ['0', '501', 'many'],
      },
      {
        name: 'CARDEA_DATABASE_TIMEOUT_MS',
        read: (config) => config.databaseTimeoutMs,
        good: [
          ['100', 100],
          ['60000', 60_000],
        ],
        bad: ['99', '60001', '5s'],
      },
      {
        name: 'CARDEA_SMTP_URL',
        read: (config) => config.smtp,
        good: [
          [
            'smtp://mail.example.com',
            { host: 'mail.example.com', port: 587, secure: false, tls: 'required', auth: undefined },
          ],
          [
            'smtps://door:p%40ss@mail.example.com',
            {
              host: 'mail.example.com',
              port: 465,
              secure: true,
              tls: 'required',
              auth: { user: 'door', pass: 'p@ss' },
            },
          ],
          ['smtp://127.0.0.1:25', { host: '127.0.0.1', port: 25, secure: false, tls: 'none', auth: undefined }],
          ['smtp://[::1]:25', { host: '::1', port: 25, secure: false, tls: 'none', auth: undefined }],
          [
            'smtp://localhost:25?tls=required',
            { host: 'localhost', port: 25, secure: false, tls: 'required', auth: undefined },
          ],
          ['smtp://relay:25?tls=none', { host: 'relay', port: 25, secure: false, tls: 'none', auth: undefined }],
        ],
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
        good: [
          ['door@example.com', { address: 'door@example.com' }],
          ['Cardea at Example <door@example.com>', { name: 'Cardea at Example', address: 'door@example.com' }],
        ],
        bad: ['', 'Cardea', 'a@b, c@d', 'Cardea <door>', 'Cardea\r\nBcc: x <door@example.com>', 'a@b <c@d>'],
      },
      {
        name: 'CARDEA_TOKEN_STATUS_LIST',
        read: (config) => config.tokenStatusList,
        good: [
          ['true', true],
          ['false', false],
        ],
        bad: ['', 'on'],
      },
      {
        name: 'CARDEA_REGISTRATION',
        read: (config) => config.registration.mode,
        good: [
          ['off', 'off'],
          ['token', 'token'],
          ['open', 'open'],
        ],
        bad: ['', 'true', 'Open'],
      },
      {
        name: 'CARDEA_REGISTRATION_QUOTA',
        read: (config) => config.registration.quota,
        good: [['1', 1]],
        bad: ['', '0', '-1', '100001'],
      },
      {
        name: 'CARDEA_SOFTWARE_STATEMENT_ISSUERS',
        read: (config) => config.registration.statementIssuers,
        good: [['/etc/cardea/issuers.json', '/etc/cardea/issuers.json']],
        bad: [''],
      },
      {
        name: 'CARDEA_CLIENT_ID_METADATA_DOCUMENTS',
        read: (config) => config.registration.documents.enabled,
        good: [
          ['true', true],
          ['false', false],
        ],
        bad: ['', 'yes'],
      },
      {
        name: 'CARDEA_CLIENT_ID_METADATA_HOSTS',
        read: (config) => config.registration.documents.hosts,
        good: [['agent.example, *.apps.example', ['agent.example', '*.apps.example']]],
        bad: ['', 'https://agent.example', '*', 'agent.example/x'],
      },
      // With configured types; see tests/flows/rfc9396_rar.test.ts.
      {
        name: 'CARDEA_AUTHORIZATION_DETAILS_TYPES',
        read: (config) => config.detailsTypes.names,
        good: [],
        bad: ['', '/nowhere', '.', 'package.json', 'LICENSE'],
      },
      // Valid only together; see below.
      { name: 'CARDEA_TLS_CERT', read: (config) => config.tls, good: [], bad: ['', '/nowhere', '.'] },
      { name: 'CARDEA_TLS_KEY', read: (config) => config.tls, good: [], bad: ['', '/nowhere', '.'] },
      {
        name: 'CARDEA_TLS_CLIENT_CA',
        read: (config) => config.clientCertificates,
        good: [],
        bad: ['', '/nowhere', '.', 'package.json'],
      },
      {
        name: 'CARDEA_TLS_CLIENT_CERTIFICATES',
        read: (config) => config.tls,
        good: [['false', undefined]],
        bad: ['', 'yes', 'true'],
      },
      {
        name: 'CARDEA_CLIENT_CERTIFICATE_HEADER',
        read: (config) => config.clientCertificates.header,
        good: [],
        bad: ['', 'client cert', 'Client-Cert:', 'Client-Cert', 'Zertifikät'],
      },
      {
        name: 'CARDEA_DPOP_NONCE',
        read: (config) => config.dpopNonceRequired,
        good: [
          ['optional', false],
          ['required', true],
        ],
        bad: ['', 'true'],
      },
      {
        name: 'CARDEA_SIGN_UP',
        read: (config) => config.signUp,
        good: [
          ['true', true],
          ['false', false],
        ],
        bad: ['', 'yes'],
      },
      {
        name: 'CARDEA_REDIS_URL',
        read: (config) => config.redisUrl,
        good: [
          ['redis://h:6379', 'redis://h:6379'],
          ['rediss://u:p@h:6379', 'rediss://u:p@h:6379'],
          ['redis+sentinel://a:26379,b:26379/main', 'redis+sentinel://a:26379,b:26379/main'],
          ['redis+cluster://a:6379,b:6379', 'redis+cluster://a:6379,b:6379'],
        ],
        bad: ['', 'h:6379', 'http://h:6379'],
      },
      { name: 'CARDEA_DATA_DIR', read: (config) => config.dataDir, good: [['/srv/cardea', '/srv/cardea']], bad: [''] },
      {
        name: 'CARDEA_MASTER_KEY',
        read: (config) => config.masterKeys.map((key) => Buffer.from(key).toString('hex')),
        good: [
          [KEY, [Buffer.from(KEY, 'base64').toString('hex')]],
          ['ab'.repeat(32), ['ab'.repeat(32)]],
          [`${'ab'.repeat(32)}, ${'cd'.repeat(32)}`, ['ab'.repeat(32), 'cd'.repeat(32)]],
        ],
        bad: ['', ',', 'short', 'ab'.repeat(31), randomBytes(31).toString('base64'), `${KEY},short`],
      },
      {
        name: 'CARDEA_DEMO',
        read: (config) => config.demo,
        good: [
          ['true', true],
          ['1', true],
          ['false', false],
          ['0', false],
        ],
        bad: ['', 'yes', 'TRUE'],
      },
      {
        name: 'CARDEA_LOG_LEVEL',
        read: (config) => config.logLevel,
        good: [['debug', 'debug']],
        bad: ['', 'INFO', 'verbose'],
      },
      { name: 'CARDEA_NAME', read: (config) => config.name, good: [['Example', 'Example']], bad: [''] },
      {
        name: 'CARDEA_SECOND_FACTOR',
        read: (config) => config.secondFactor.required,
        good: [
          ['optional', false],
          ['required', true],
        ],
        bad: ['', 'true', 'Required'],
      },
      {
        name: 'CARDEA_TRUST_DEVICE',
        read: (config) => config.secondFactor.trustDeviceSeconds,
        good: [
          ['0', 0],
          ['30d', 2_592_000],
        ],
        bad: ['', 'never', '-1'],
      },
      {
        name: 'CARDEA_SECOND_FACTOR_GROUPS',
        read: (config) => config.secondFactor.groups,
        good: [
          ['', []],
          ['admins, staff', ['admins', 'staff']],
        ],
        bad: [],
      },
      {
        name: 'CARDEA_TRUSTED_PROXIES',
        read: (config) => config.trustedProxies,
        good: [
          ['', []],
          ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
          ['2001:db8::/32', ['2001:db8::/32']],
        ],
        bad: ['localhost', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0', '10.0.0.1/-1'],
      },
      {
        name: 'CARDEA_OUTBOUND_ALLOW',
        read: (config) => config.outboundAllow,
        good: [
          ['', []],
          ['10.1.0.0/16, fd00::1', ['10.1.0.0/16', 'fd00::1']],
        ],
        bad: ['localhost', '10.0.0.0/33'],
      },
      {
        name: 'CARDEA_RATE_LIMIT',
        read: (config) => config.rateLimit,
        good: [['1', 1]],
        bad: ['0', '1000001', 'off'],
      },
      {
        name: 'CARDEA_MAIL_LIMIT',
        read: (config) => config.mails.inAll,
        good: [['1', 1]],
        bad: ['0', '10000001', 'off'],
      },
      {
        name: 'CARDEA_MAIL_LIMIT_ADDRESS',
        read: (config) => config.mails.perNetwork,
        good: [['1', 1]],
        bad: ['0', '1000001', 'off'],
      },
      {
        name: 'CARDEA_PASSWORD_POLICY',
        read: (config) => config.passwords.policy,
        good: [
          ['complex', 'complex'],
          ['nist', 'nist'],
        ],
        bad: ['', 'none', 'NIST'],
      },
      {
        name: 'CARDEA_PASSWORD_MAX_AGE',
        read: (config) => config.passwords.maxAgeSeconds,
        good: [
          ['365d', 31_536_000],
          ['60', 60],
        ],
        bad: ['', '0', '59s', 'never'],
      },
      {
        name: 'CARDEA_PASSWORD_BLOCKLIST',
        read: (config) => config.passwords.blocklist,
        good: [['/srv/leaks', '/srv/leaks']],
        bad: [''],
      },
      {
        name: 'CARDEA_PASSWORD_PEPPER',
        read: (config) => config.passwords.peppers.map((pepper) => Buffer.from(pepper).toString('hex')),
        good: [[`${'ab'.repeat(32)},${'cd'.repeat(32)}`, ['ab'.repeat(32), 'cd'.repeat(32)]]],
        bad: ['', 'short', randomBytes(31).toString('base64')],
      },
      {
        name: 'CARDEA_PASSWORD_HASHING_MEMORY',
        read: (config) => config.passwords.memory,
        good: [['19', 19]],
        bad: ['', '18', '1G'],
      },
      {
        name: 'CARDEA_PASSWORD_QUEUE',
        read: (config) => config.passwords.queueLimit,
        good: [['1', 1]],
        bad: ['', '0', '-1'],
      },
      {
        name: 'CARDEA_ARGON2_MEMORY',
        read: (config) => config.passwords.argon2.memory,
        good: [['65536', 65_536]],
        bad: ['', '7167', '64M', '19455'],
      },
      {
        name: 'CARDEA_ARGON2_ITERATIONS',
        read: (config) => config.passwords.argon2.iterations,
        good: [['3', 3]],
        bad: ['', '0', '101'],
      },
      {
        name: 'CARDEA_ARGON2_PARALLELISM',
        read: (config) => config.passwords.argon2.parallelism,
        good: [['4', 4]],
        bad: ['', '0', '17'],
      },
      {
        name: 'CARDEA_PROFILE',
        read: (config) => config.profile,
        good: [
          ['oidc', 'oidc'],
          ['oauth21', 'oauth21'],
          ['fapi2', 'fapi2'],
        ],
        bad: ['', 'oauth2', 'FAPI2', 'none'],
      },
      {
        name: 'CARDEA_KEY_RINGS',
        read: (config) => config.keys.rings,
        good: [
          ['RS256,ES256,EdDSA', ['RS256', 'ES256', 'EdDSA']],
          ['ES256,ES256', ['ES256']],
        ],
        bad: ['', 'HS256', 'none', 'RS256,none'],
      },
      {
        name: 'CARDEA_KEY_RSA_BITS',
        read: (config) => config.keys.rsaBits,
        good: [
          ['2048', 2048],
          ['4096', 4096],
        ],
        bad: ['1024', '2047', ''],
      },
      {
        name: 'CARDEA_ASSERTION_MAX',
        read: (config) => config.lifetimes.assertion,
        good: [
          ['60s', 60],
          ['1h', 3_600],
        ],
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
        good: [
          ['90', 90],
          ['90s', 90],
          ['15m', 900],
          ['12h', 43_200],
          ['30d', 2_592_000],
        ] as const,
        bad: ['', '0', '0d', '-1h', '1.5h', '1w', 'h', '1 h', '1h30m', '3651d', '999999999d'],
      })),
    ];

    test('argon2 parameters are neither below OWASP’s minimum nor above the memory for all hashes', () => {
      const argon2 = (memory: string, iterations: string, more: Record<string, string> = {}) => ({
        CARDEA_ARGON2_MEMORY: memory,
        CARDEA_ARGON2_ITERATIONS: iterations,
        ...more,
      });
      for (const [memory, iterations] of [
        ['47104', '1'],
        ['12288', '3'],
        ['9216', '4'],
        ['7168', '5'],
        ['7168', '9'],
      ] as const) {
        loadConfig(argon2(memory, iterations));
        const less = String(Number(memory) - 1);
        assert.match(problem(argon2(less, iterations)), /^CARDEA_ARGON2_MEMORY must /);
      }
      const budget = { CARDEA_PASSWORD_HASHING_MEMORY: '64' };
      loadConfig(argon2('65536', '2', budget));
      assert.match(problem(argon2('65537', '2', budget)), /^CARDEA_PASSWORD_HASHING_MEMORY must /);
    });

    for (const { name, read, good, bad } of all) {
      test(`${name} accepts valid values and explains invalid ones`, () => {
        for (const [text, expected] of good) assert.deepEqual(read(loadConfig({ [name]: text })), expected, text);
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
  });

  describe('TLS', () => {
    test('needs a certificate with its key, and an https issuer', async () => {
      const [one, other] = await Promise.all([makeIdentity(), makeIdentity()]);
      const env = { CARDEA_TLS_CERT: file('cert', one.pem), CARDEA_TLS_KEY: file('tls-key', one.keyPem) };
      const config = loadConfig(env);
      assert.equal(config.issuer.origin, 'https://localhost:3000');
      assert.deepEqual(config.tls, { cert: one.pem, key: one.keyPem, asksForCertificates: false, authorities: [] });
      assert.match(problem({ ...env, CARDEA_ISSUER: 'http://localhost' }), /^CARDEA_ISSUER must be https/);
      const mixed = { ...env, CARDEA_TLS_KEY: file('other-key', other.keyPem) };
      assert.match(problem(mixed), /^CARDEA_TLS_KEY must be the private key/);
    });

    test('browsers are asked for certificates only when these are used', async () => {
      const [one, authority] = await Promise.all([makeIdentity(), makeIdentity({ ca: true })]);
      const env = { CARDEA_TLS_CERT: file('cert', one.pem), CARDEA_TLS_KEY: file('tls-key', one.keyPem) };
      const authorities = { CARDEA_TLS_CLIENT_CA: file('authority', authority.pem) };
      const asks = (more: Record<string, string>) => loadConfig({ ...env, ...more }).tls?.asksForCertificates;
      assert.equal(asks({}), false);
      assert.equal(asks({ CARDEA_TLS_CLIENT_CERTIFICATES: 'true' }), true);
      assert.equal(asks(authorities), true);
      assert.match(
        problem({ ...env, ...authorities, CARDEA_TLS_CLIENT_CERTIFICATES: 'false' }),
        /^CARDEA_TLS_CLIENT_CA must come with/,
      );
      assert.match(problem(authorities), /^CARDEA_TLS_CLIENT_CA must come with/);
    });

    test('a header for certificates needs trusted proxies', () => {
      const env = { CARDEA_CLIENT_CERTIFICATE_HEADER: 'Client-Cert' };
      assert.match(problem(env), /^CARDEA_CLIENT_CERTIFICATE_HEADER must come with CARDEA_TRUSTED_PROXIES/);
      const { clientCertificates } = loadConfig({ ...env, CARDEA_TRUSTED_PROXIES: '10.0.0.0/8' });
      assert.deepEqual(clientCertificates, { authorities: [], header: 'client-cert' });
    });
  });

  test('reports all problems at once', () => {
    assert.equal(problems({ CARDEA_PORT: 'x', CARDEA_DEMO: 'maybe', CARDEA_NONSENSE: '1' }).length, 3);
  });

  describe('names', () => {
    test('an unknown name is refused with the nearest known one', () => {
      for (const [wrong, right] of [
        ['CARDEA_ISSEUR', 'CARDEA_ISSUER'],
        ['CARDEA_DATABSE_URL', 'CARDEA_DATABASE_URL'],
        ['CARDEA_MASTERKEY', 'CARDEA_MASTER_KEY'],
        ['CARDEA_MASTERKEY_FILE', 'CARDEA_MASTER_KEY'],
        ['CARDEA_LOGLEVEL', 'CARDEA_LOG_LEVEL'],
        ['CARDEA_', 'CARDEA_'],
      ] as const) {
        const said = problem({ [wrong]: 'x' });
        assert.ok(said.startsWith(`${wrong} is not a setting`), said);
        assert.ok(said.includes(right), said);
      }
    });

    test('the value of an unknown name is not repeated: it may be a secret', () => {
      assert.ok(!problem({ CARDEA_MASTERKEY: 'sesame' }).includes('sesame'));
    });

    test('names without CARDEA_ are ignored', () => {
      assert.deepEqual(problems({ PATH: '/bin', CARDEA: '1', cardea_port: 'x', NODE_ENV: 'test' }), []);
    });
  });

  describe('secrets from files', () => {
    const secrets = (Object.keys(SETTINGS) as SettingName[]).filter((name) => 'secret' in SETTINGS[name]);
    const values: Readonly<Record<string, string>> = {
      CARDEA_DATABASE_URL: 'postgres://u:p@h/d',
      CARDEA_REDIS_URL: 'redis://:p@h:6379',
      CARDEA_MASTER_KEY: KEY,
      CARDEA_PASSWORD_PEPPER: KEY,
      CARDEA_SMTP_URL: 'smtp://u:p@h',
    };

    test('each secret has a _FILE twin, read with or without a final newline', () => {
      assert.deepEqual(secrets.sort(), Object.keys(values).sort());
      for (const name of secrets) {
        const value = values[name] ?? '';
        const direct = loadConfig({ [name]: value });
        assert.deepEqual(loadConfig({ [`${name}_FILE`]: file(name, `${value}\n`) }), direct);
        assert.deepEqual(loadConfig({ [`${name}_FILE`]: file(name, value) }), direct);
      }
    });

    test('setting both is refused', () => {
      const said = problem({ CARDEA_MASTER_KEY: KEY, CARDEA_MASTER_KEY_FILE: file('key', KEY) });
      assert.match(said, /^CARDEA_MASTER_KEY is set twice/);
    });

    test('a missing file is reported by name and code', () => {
      const said = problem({ CARDEA_MASTER_KEY_FILE: join(folder, 'nothing') });
      assert.equal(said, 'CARDEA_MASTER_KEY cannot be read from CARDEA_MASTER_KEY_FILE (ENOENT)');
    });

    test('the invalid content of a file is not repeated', () => {
      assert.ok(!problem({ CARDEA_MASTER_KEY_FILE: file('bad', 'sesame') }).includes('sesame'));
    });

    test('a setting that is not a secret has no twin', () => {
      assert.match(problem({ CARDEA_PORT_FILE: file('port', '80') }), /only secrets come from files; set CARDEA_PORT$/);
    });
  });

  describe('production', () => {
    test('starts with the required settings', () => {
      const config = loadConfig(PRODUCTION);
      assert.equal(config.production, true);
      assert.deepEqual(config.outboundAllow, [], 'not even loopback, where an admin interface may listen');
      assert.equal(config.demo, false);
    });

    const missing = (name: keyof typeof PRODUCTION) => {
      const { [name]: _, ...rest } = PRODUCTION;
      return rest;
    };

    test('refuses the embedded database', () => {
      assert.match(problem(missing('CARDEA_DATABASE_URL')), /^CARDEA_DATABASE_URL is required/);
    });

    test('does not generate a master key', () => {
      assert.match(problem(missing('CARDEA_MASTER_KEY')), /^CARDEA_MASTER_KEY .*is required/);
    });

    test('accepts the master key from a file', () => {
      assert.deepEqual(problems({ ...missing('CARDEA_MASTER_KEY'), CARDEA_MASTER_KEY_FILE: file('key', KEY) }), []);
    });

    test('refuses an http issuer that is not loopback', () => {
      for (const origin of ['http://id.example.com', 'http://10.0.0.1', 'http://127.0.0.1.example.com'])
        assert.match(problem({ ...PRODUCTION, CARDEA_ISSUER: origin }), /^CARDEA_ISSUER must be https/, origin);
      for (const origin of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000'])
        assert.deepEqual(problems({ ...PRODUCTION, CARDEA_ISSUER: origin }), [], origin);
    });

    test('refuses demo data', () => {
      assert.match(problem({ ...PRODUCTION, CARDEA_DEMO: 'true' }), /^CARDEA_DEMO must not be set/);
    });

    test('sign-up needs a mail server', () => {
      const env = { ...PRODUCTION, CARDEA_SIGN_UP: 'true' };
      assert.match(problem(env), /^CARDEA_SIGN_UP needs CARDEA_SMTP_URL/);
      assert.deepEqual(problems({ ...env, CARDEA_SMTP_URL: 'smtp://relay.example.com' }), []);
      assert.deepEqual(problems({ CARDEA_SIGN_UP: 'true' }), [], 'in development mails go into files');
    });

    test('reports all missing settings at once', () => {
      assert.equal(problems({ NODE_ENV: 'production', CARDEA_ISSUER: 'http://id.example.com' }).length, 3);
    });
  });

  describe('with an issuer that others can reach', () => {
    const PUBLIC = { CARDEA_ISSUER: 'https://id.example.com' };
    const declared = ({ NODE_ENV: _declared, ...env }: typeof PRODUCTION) => env;

    test('the rules of production apply without NODE_ENV, and the reason is named first', () => {
      const found = problems(PUBLIC);
      assert.deepEqual(
        found.map((one) => one.split(/[ =]/)[0]),
        ['CARDEA_ISSUER', 'CARDEA_DATABASE_URL', 'CARDEA_MASTER_KEY'],
      );
      assert.match(found[0] ?? '', /not a loopback address, so the rules of production apply/);
      assert.match(problems({ ...PUBLIC, CARDEA_DEMO: 'true' }).join(), /CARDEA_DEMO must not be set in production/);
    });

    test('it is in production when everything is set', () => {
      const config = loadConfig(declared(PRODUCTION));
      assert.equal(config.production, true);
      assert.equal(config.thisMachineOnly, false);
      assert.equal(config.demo, false);
      assert.deepEqual(config.outboundAllow, []);
    });

    test('a name under .test is for development, without the features for loopback', () => {
      const config = loadConfig({ CARDEA_ISSUER: 'https://cardea.test' });
      assert.deepEqual([config.production, config.thisMachineOnly, config.demo], [false, false, false]);
      assert.match(problem({ CARDEA_ISSUER: 'https://cardea.test', CARDEA_DEMO: 'true' }), /^CARDEA_DEMO must not be/);
    });
  });

  describe('listening on an address that others can reach (CARDEA_HOST)', () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.7', 'workstation'])
      test(`${host}: no demo data, no page of unsent mails, no loopback URLs`, () => {
        const config = loadConfig({ CARDEA_HOST: host });
        assert.deepEqual([config.thisMachineOnly, config.demo, config.outboundAllow], [false, false, []]);
        assert.match(problem({ CARDEA_HOST: host, CARDEA_DEMO: 'true' }), /^CARDEA_DEMO must not be set unless/);
      });

    for (const host of ['127.0.0.1', 'localhost', '::1'])
      test(`${host} is loopback`, () => {
        const config = loadConfig({ CARDEA_HOST: host });
        assert.deepEqual([config.thisMachineOnly, config.demo], [true, true]);
      });
  });

  test('loopback is distinguished from similar names', () => {
    for (const name of ['localhost', '[::1]', '127.0.0.1', '127.1.2.3']) assert.ok(isLoopback(name), name);
    for (const name of ['localhost.example.com', '127.0.0.1.example.com', '128.0.0.1', '0.0.0.0', '[::2]'])
      assert.ok(!isLoopback(name), name);
  });

  describe('describeConfig', () => {
    test('shows the settings in force and their source, with secrets masked', () => {
      const env = {
        CARDEA_PORT: '4000',
        CARDEA_DATABASE_URL: 'postgres://cardea:hunter2@db/cardea',
        CARDEA_MASTER_KEY_FILE: file('key', KEY),
      };
      const shown = describeConfig(env);
      const of = (name: SettingName) => shown.find((one) => one.name === name);
      assert.deepEqual(
        shown.map(({ name }) => name),
        Object.keys(SETTINGS),
      );
      assert.equal(of('CARDEA_PORT')?.value, '4000');
      assert.equal(of('CARDEA_PORT')?.source, 'environment');
      assert.equal(of('CARDEA_MASTER_KEY')?.source, 'file');
      assert.equal(of('CARDEA_HOST')?.source, 'default');
      assert.equal(of('CARDEA_ISSUER')?.value, 'http://localhost:4000');
      assert.equal(of('CARDEA_PASSWORD_BLOCKLIST')?.value, '(none)');
      const text = JSON.stringify(shown);
      assert.ok(!text.includes('hunter2'));
      assert.ok(!text.includes(KEY));
    });

    test('refuses the same as loading does', () => {
      assert.throws(() => describeConfig({ CARDEA_PORT: 'x' }), ConfigError);
    });
  });

  describe('the development master key', () => {
    test('is generated once, with mode 0600, and stays', () => {
      const config = loadConfig({ CARDEA_DATA_DIR: join(folder, 'a', 'b') });
      const [made] = resolveMasterKeys(config);
      assert.equal(made?.length, 32);
      const path = join(config.dataDir, 'master.key');
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.deepEqual(resolveMasterKeys(config), [made]);
      assert.deepEqual(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'), made);
    });

    test('differs between directories', () => {
      const make = (name: string) => resolveMasterKeys(loadConfig({ CARDEA_DATA_DIR: join(folder, name) }))[0];
      assert.notDeepEqual(make('one'), make('two'));
    });

    test('is not generated when one is configured', () => {
      const config = loadConfig({ CARDEA_DATA_DIR: join(folder, 'none'), CARDEA_MASTER_KEY: KEY });
      assert.deepEqual(resolveMasterKeys(config), [Buffer.from(KEY, 'base64')]);
      assert.ok(!existsSync(config.dataDir));
    });
  });
});
