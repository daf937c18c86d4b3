import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadConfig } from '../../server/config.ts';
import { isLoopback } from '../../server/platform/smtp_url.ts';
import { makeIdentity } from '../helpers/certificates.ts';
import { configFiles, KEY, PRODUCTION, problem, problems } from './config_problems.ts';

/** Settings that are valid one by one, but unsafe or without effect together. */
const { file } = configFiles({ after });

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

test('inactive accounts are warned before they are disabled or erased', () => {
  const days = (warn: string, disable: string, erase: string) => ({
    CARDEA_INACTIVE_WARN: warn,
    CARDEA_INACTIVE_DISABLE: disable,
    CARDEA_INACTIVE_ERASE: erase,
  });
  for (const good of [days('10d', '0', '0'), days('10d', '11d', '0'), days('10d', '0', '11d'), days('1d', '2d', '3d')])
    loadConfig(good);
  for (const bad of [days('0', '10d', '0'), days('10d', '10d', '0')])
    assert.match(problem(bad), /^CARDEA_INACTIVE_WARN must /);
  for (const bad of [days('0', '0', '10d'), days('10d', '0', '9d'), days('1d', '3d', '3d')])
    assert.match(problem(bad), /^CARDEA_INACTIVE_ERASE must /);
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

describe('key providers', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/a';
  const vault = {
    CARDEA_VAULT_URL: 'https://vault.cardea.test',
    CARDEA_VAULT_TOKEN: 'a token',
    CARDEA_VAULT_TRANSIT_KEY: 'transit/cardea',
  };

  test('an encrypted master key needs the settings of its service', () => {
    const [byVault, byAws] = ['vault:v1:AAAA', 'aws-kms:AAAA'].map((one) => ({ CARDEA_MASTER_KEY: `${KEY},${one}` }));
    assert.deepEqual(problems({ ...byVault, ...vault }), []);
    for (const name of Object.keys(vault)) {
      const rest = Object.fromEntries(Object.entries({ ...byVault, ...vault }).filter(([one]) => one !== name));
      assert.match(problem(rest), /^CARDEA_MASTER_KEY .*CARDEA_VAULT_URL/, name);
    }
    assert.match(problem({ ...byAws }), /^CARDEA_MASTER_KEY .*CARDEA_AWS_KMS_KEY/);
    assert.deepEqual(problems({ ...byAws, CARDEA_AWS_KMS_KEY: arn }), []);
  });

  test('master keys come over TLS, or from this machine', () => {
    for (const name of ['CARDEA_VAULT_URL', 'CARDEA_AWS_KMS_ENDPOINT']) {
      assert.match(problem({ [name]: 'http://vault.cardea.test' }), new RegExp(`^${name} must be https`));
      assert.deepEqual(problems({ [name]: 'http://[::1]:8200' }), []);
    }
  });
});
