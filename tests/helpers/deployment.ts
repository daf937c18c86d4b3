import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARGON2, type Argon2Parameters, argon2Prefix } from '../../server/accounts/argon2.ts';
import { createPasswords } from '../../server/accounts/passwords.ts';
import { type Accounts, createAccounts } from '../../server/accounts/store.ts';
import { type App, createApp } from '../../server/app.ts';
import { DEFAULT_SERVER_POLICY, type ServerPolicy } from '../../server/clients/profiles.ts';
import type { ResourceServerInput } from '../../server/clients/resource_servers.ts';
import type { Client, ClientInput } from '../../server/clients/store.ts';
import { describeConfig, loadConfig, serverPolicyOf } from '../../server/config.ts';
import type { Clock } from '../../server/platform/clock.ts';
import { createDb, type Db } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { createRequestContext } from '../../server/platform/request_context.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, ACCOUNT_SEARCH_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { type AccountChanges, accountChanges } from './account_changes.ts';
import { arriving, followNotifications } from './client_changes.ts';
import { createClients, createResourceServers, type TestClients, type TestResourceServers } from './client_stores.ts';
import { takeOver } from './issuer.ts';
import { reusedThread } from './password_threads.ts';
import { databaseUrl, MIGRATED } from './postgres.ts';
import { defer, type Scope } from './scope.ts';
import { collectLog, remember, rememberPersonal } from './secrets.ts';
import { STARTED, startedMasterKey } from './started_template.ts';
import { freePort } from './waiting.ts';

/** A person, with the password in clear. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

export interface PersonInput {
  readonly email?: string;
  /** Default: yes. */
  readonly emailVerified?: boolean;
  readonly password?: string;
  readonly name?: string;
  readonly username?: string;
  /** When the password was set; null where that is not known. Default: now. */
  readonly passwordSetAt?: Date | null;
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
}

/** A relying party with its secret in clear. */
export interface Party {
  readonly id: string;
  /** Undefined for a public client. */
  readonly secret: string | undefined;
  readonly redirectUri: string;
  readonly client: Client;
}

/** Creates people and relying parties in a database, as the CLI does. */
export interface Seeder {
  person(input?: PersonInput): Promise<Person>;
  /** @param input.introspectsAll lets it introspect the access tokens of all clients */
  party(input?: Partial<ClientInput> & { public?: boolean; introspectsAll?: boolean }): Promise<Party>;
  resourceServer(input: ResourceServerInput): Promise<void>;
  readonly accounts: Accounts & AccountChanges;
  readonly clients: TestClients;
  readonly resourceServers: TestResourceServers;
}

export const REDIRECT_URI = 'https://rp.example.com/callback';
export const PASSWORD = 'Correct-Horse-Battery-9';

/** A hundredth of the real cost, which few tests are about. No setting allows it. */
const CHEAP_ARGON2: Argon2Parameters = { memory: 64, iterations: 1, parallelism: 1 };

// One hash for each password and process, since thousands of tests need no hash of their own.
const hashes = new Map<string, Promise<string>>();

async function hashOnce(password: string, argon2: Argon2Parameters): Promise<string> {
  const key = `${argon2Prefix(argon2)}${password}`;
  let hash = hashes.get(key);
  if (!hash) {
    hash = (async () => {
      const passwords = createPasswords({ threads: 1, argon2 });
      try {
        return await passwords.hash(password);
      } finally {
        await passwords.close();
      }
    })();
    hashes.set(key, hash);
  }
  return hash;
}

export async function createSeeder(
  db: Db,
  masterKey: string,
  now: Clock = Date.now,
  serverPolicy: ServerPolicy = DEFAULT_SERVER_POLICY,
  argon2: Argon2Parameters = ARGON2,
): Promise<Seeder> {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const indexKey = await loadServerSecret(db, sealer, ACCOUNT_INDEX_SECRET, now);
  const searchKey = await loadServerSecret(db, sealer, ACCOUNT_SEARCH_SECRET, now);
  const store = createAccounts({ db, sealer, indexKey, searchKey, now });
  const accounts = { ...store, ...accountChanges(db, store) };
  const clients = createClients({ db, now, endRecordsOf: endRecordsOfClient, serverPolicy });
  const resourceServers = createResourceServers({ db, now });
  return {
    accounts,
    clients,
    resourceServers,
    async person(input = {}) {
      const email = input.email ?? `${randomBytes(6).toString('hex')}@example.com`;
      const password = remember('password', input.password ?? PASSWORD);
      for (const value of [input.name, input.username]) if (value !== undefined) rememberPersonal(value);
      const [account] = await accounts.createAll([
        {
          email,
          emailVerified: input.emailVerified ?? true,
          passwordHash: await hashOnce(password, argon2),
          passwordSetAt: input.passwordSetAt,
          ...(input.name ? { name: input.name } : {}),
          ...(input.username ? { username: input.username } : {}),
          ...(input.groups ? { groups: input.groups } : {}),
          ...(input.roles ? { roles: input.roles } : {}),
        },
      ]);
      if (!account) throw new Error('no account was made');
      return { id: account.id, email, password };
    },
    async party({ public: isPublic = false, introspectsAll = false, ...input } = {}) {
      const metadata = {
        redirect_uris: [REDIRECT_URI],
        ...(isPublic ? { token_endpoint_auth_method: 'none' } : {}),
        ...input.metadata,
      };
      const { client, secret } = await clients.create({ name: 'Test app', ...input, metadata });
      if (secret !== undefined) remember('client_secret', secret);
      if (introspectsAll) await clients.update(client.id, { introspectsAll });
      const redirectUri = (client.metadata.redirect_uris as string[])[0] ?? REDIRECT_URI;
      return { id: client.id, secret, redirectUri, client };
    },
    async resourceServer(input) {
      await resourceServers.create(input);
    },
  };
}

export interface Deployment {
  readonly issuer: string;
  readonly app: App;
  readonly db: Db;
  readonly databaseUrl: string;
  readonly masterKey: string;
  /** Its `outbox` receives the mails when no mail server is configured. */
  readonly dataDir: string;
  readonly seed: Seeder;
  /** Every statement that the app has sent, including BEGIN and COMMIT; empty it to count those of a request. */
  readonly statements: string[];
  /** The statements of background jobs, which run at any time: they are not among `statements`. */
  readonly jobStatements: string[];
  /** Statements with the comment that names the request; `statements` has them without. */
  readonly commented: readonly string[];
  /** Every line that the app has logged. */
  readonly logLines: string[];
  /** Waits until the node has received every earlier change of clients and resource servers; after one of `seed` it has. */
  changesArrived(): Promise<void>;
  /** Stops it before the scope does. */
  close(): Promise<void>;
}

/** A clock that differs by no more is that of the machine, for keys that are as old as the run. */
const NOW_MS = 60_000;
/** On a cluster that stays up, keys would get old. */
const IS_RUN = process.env.TEST_POSTGRES_URL !== undefined;

/** Set in timers and listeners that the app starts, and not in its requests, whose sockets are opened later. */
const startedByApp = new AsyncLocalStorage<true>();

/** The whole application in this process, with its own port and a fresh database, for tests that look inside. */
export async function deployment(
  scope: Scope,
  options: {
    env?: Readonly<Record<string, string | undefined>>;
    now?: Clock;
    uptime?: Clock;
    databaseUrl?: string;
    nameServers?: readonly string[];
    masterKey?: string;
    /** True for a first start, with keys and secrets that no other deployment has. */
    ownKeys?: boolean;
    /** The issuer's path, such as `/auth`. */
    basePath?: string;
    /** `configured` for a test of the cost of password hashes. Default: as cheap as possible. */
    passwordCost?: 'configured' | 'cheap';
  } = {},
): Promise<Deployment> {
  const isNow = Math.abs((options.now ?? Date.now)() - Date.now()) < NOW_MS;
  const hasKeys = IS_RUN && !options.ownKeys && isNow && !options.databaseUrl && !options.masterKey;
  const url = options.databaseUrl ?? (await databaseUrl(scope, hasKeys ? STARTED : MIGRATED));
  const masterKey =
    options.masterKey ?? (hasKeys ? startedMasterKey() : remember('master_key', randomBytes(32).toString('base64')));
  const port = await freePort();
  const issuer = `${options.env?.CARDEA_TLS_CERT === undefined ? 'http' : 'https'}://localhost:${port}${options.basePath ?? ''}`;
  const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-data-'));
  defer(scope, () => rmSync(dataDir, { recursive: true, force: true }));
  const env = {
    CARDEA_DATA_DIR: dataDir,
    CARDEA_PORT: String(port),
    CARDEA_ISSUER: issuer,
    CARDEA_DEMO: 'false',
    CARDEA_DATABASE_URL: url,
    CARDEA_MASTER_KEY: masterKey,
    ...options.env,
  };
  const configured = loadConfig(env);
  const argon2 = options.passwordCost === 'configured' ? configured.passwords.argon2 : CHEAP_ARGON2;
  const config = { ...configured, passwords: { ...configured.passwords, argon2 } };
  const statements: string[] = [];
  const jobStatements: string[] = [];
  const logLines: string[] = [];
  // A test may empty the lines that it looks at.
  const allLines: string[] = [];
  const requestContext = createRequestContext();
  const commented: string[] = [];
  const following = followNotifications(
    createDb({
      url,
      poolSize: config.databasePool,
      timeoutMs: config.databaseTimeoutMs,
      requestContext,
      onStatement(text) {
        if (text.includes('request_id=')) commented.push(text);
        (startedByApp.getStore() ? jobStatements : statements).push(text.replace(/ \/\*request_id=.*$/, ''));
      },
    }),
  );
  const { db } = following;
  const changesArrived = () => startedByApp.run(true, following.changesArrived);
  const log = createLog({
    level: 'debug',
    destination: {
      write(line: string) {
        logLines.push(line);
        allLines.push(line);
      },
    },
  });
  if (options.databaseUrl !== undefined && options.env?.CARDEA_ISSUER === undefined) await takeOver(url, issuer);
  const app = await startedByApp
    .run(true, () =>
      createApp({
        config,
        settings: describeConfig(env),
        db,
        log,
        requestContext,
        nameServers: options.nameServers,
        startPasswordThread: options.passwordCost === 'configured' ? undefined : reusedThread,
        ...(options.now ? { now: options.now } : {}),
        ...(options.uptime ? { uptime: options.uptime } : {}),
      }),
    )
    .catch(async (error) => {
      await db.close();
      throw error;
    });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= app
      .close()
      .then(() => db.close())
      .finally(() => collectLog(allLines.join('').trimEnd()));
    return closed;
  };
  defer(scope, close);
  await app.http.listen({ host: config.host, port: config.port });
  const seed = arriving(await createSeeder(db, masterKey, options.now, serverPolicyOf(config), argon2), changesArrived);
  return {
    issuer,
    app,
    db,
    databaseUrl: url,
    masterKey,
    dataDir,
    seed,
    statements,
    jobStatements,
    commented,
    logLines,
    changesArrived,
    close,
  };
}

/** Another node of the same issuer. */
export function neighbour(
  scope: Scope,
  app: Deployment,
  options: { now?: Clock; env?: Readonly<Record<string, string>> } = {},
): Promise<Deployment> {
  const { databaseUrl, masterKey, issuer } = app;
  return deployment(scope, { ...options, databaseUrl, masterKey, env: { CARDEA_ISSUER: issuer, ...options.env } });
}
