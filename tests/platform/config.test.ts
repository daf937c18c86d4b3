import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Config, ConfigError, describeConfig, loadConfig } from '../../server/config.ts';
import { resolveMasterKeys } from '../../server/master_keys.ts';
import { SETTINGS, type SettingName } from '../../server/settings.ts';
import { configFiles, KEY, PRODUCTION, problem, problems } from './config_problems.ts';

describe('configuration', () => {
  const { folder, file } = configFiles({ after });

  test('works without any setting in development', () => {
    const config = loadConfig({});
    assert.equal(config.production, false);
    assert.equal(config.issuer.identifier, 'http://localhost:3000');
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
      CARDEA_VAULT_TOKEN: 'hvs.a-token',
    };

    test('each secret has a _FILE twin, read with or without a final newline', () => {
      assert.deepEqual(secrets.sort(), Object.keys(values).sort());
      for (const name of secrets) {
        const value = values[name] ?? '';
        const { secretFiles: none, ...direct } = loadConfig({ [name]: value });
        assert.deepEqual(none, {});
        for (const content of [value, `${value}\n`, `${value}\r\n`, `\ufeff${value}\n\n`]) {
          const path = file(name, content);
          const { secretFiles, ...read } = loadConfig({ [`${name}_FILE`]: path });
          assert.deepEqual(read, direct);
          assert.deepEqual(secretFiles, { [name]: path });
        }
      }
    });

    test('setting both is refused', () => {
      const said = problem({ CARDEA_MASTER_KEY: KEY, CARDEA_MASTER_KEY_FILE: file('key', KEY) });
      assert.match(said, /^CARDEA_MASTER_KEY is set twice/);
    });

    test('a missing file is reported by name and code', () => {
      const path = join(folder, 'nothing');
      const said = problem({ CARDEA_MASTER_KEY_FILE: path });
      assert.equal(said, `CARDEA_MASTER_KEY (in ${path}, which CARDEA_MASTER_KEY_FILE names) cannot be read (ENOENT)`);
    });

    test('of a file with invalid content the error has the name and not the content', () => {
      for (const name of secrets.filter((one) => one !== 'CARDEA_VAULT_TOKEN')) {
        const path = file('bad', 'sesame');
        const said = problem({ [`${name}_FILE`]: path });
        assert.ok(said.startsWith(`${name} (in ${path}, which ${name}_FILE names) must be `), said);
        assert.ok(!said.includes('sesame'), said);
      }
      assert.match(problem({ CARDEA_VAULT_TOKEN_FILE: file('empty', '\n') }), /names\) must not be empty$/);
    });

    test('a setting that is not a secret has no twin', () => {
      assert.match(problem({ CARDEA_PORT_FILE: file('port', '80') }), /only secrets come from files; set CARDEA_PORT$/);
    });
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
        shown.map(({ name }) => name).filter((name) => name.startsWith('CARDEA_')),
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
    test('is generated once, with mode 0600, and stays', async () => {
      const config = loadConfig({ CARDEA_DATA_DIR: join(folder, 'a', 'b') });
      const [made] = await resolveMasterKeys(config);
      assert.equal(made?.length, 32);
      const path = join(config.dataDir, 'master.key');
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.deepEqual(await resolveMasterKeys(config), [made]);
      assert.deepEqual(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'), made);
    });

    test('differs between directories', async () => {
      const make = (name: string) => resolveMasterKeys(loadConfig({ CARDEA_DATA_DIR: join(folder, name) }));
      assert.notDeepEqual(await make('one'), await make('two'));
    });

    test('is not generated when one is configured', async () => {
      const config = loadConfig({ CARDEA_DATA_DIR: join(folder, 'none'), CARDEA_MASTER_KEY: KEY });
      assert.deepEqual(await resolveMasterKeys(config), [Buffer.from(KEY, 'base64')]);
      assert.ok(!existsSync(config.dataDir));
    });
  });
});
