import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { createClient } from 'redis';
import { SMTPServer } from 'smtp-server';
import { noteRun } from '../../server/backup/runs.ts';
import type { examine } from '../../server/cli/doctor.ts';
import type { State } from '../../server/doctor/check.ts';
import { type IdentityOptions, makeIdentity } from '../helpers/certificates.ts';
import { deployment } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { freshRedis } from '../helpers/redis.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';
import { configFiles } from '../platform/config_problems.ts';
import { setUpCli } from './run_cli.ts';

export type Env = Readonly<Record<string, string>>;

export interface Case {
  readonly check: string;
  readonly broken: string;
  readonly env?: Env | (() => Promise<Env>);
  /** In place of the whole deployment. */
  readonly whole?: Env;
  readonly overrides?: Parameters<typeof examine>[2];
  readonly state: State;
  readonly found: RegExp;
  readonly remedy?: RegExp;
}

export type DoctorWorld = Awaited<ReturnType<typeof doctorWorld>>;

/** A running server, a database without one, and parts of a deployment that are broken in one way. */
export async function doctorWorld(scope: Scope) {
  const app = await deployment(scope);
  const offline = await setUpCli(scope);
  const schemas = await database(scope);
  const redis = await freshRedis(scope);
  const { file, folder } = configFiles(scope);
  const env: Env = {
    CARDEA_DATABASE_URL: app.databaseUrl,
    CARDEA_MASTER_KEY: app.masterKey,
    CARDEA_ISSUER: app.issuer,
    CARDEA_DATA_DIR: app.dataDir,
    CARDEA_DEMO: 'false',
  };
  const anotherKey = remember('master_key', randomBytes(32).toString('base64'));
  const sql = (text: string) => schemas.db.run({ name: '', text }, []);
  const role = `doctor_${randomBytes(4).toString('hex')}`;
  await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'doctor'`);
  defer(scope, async () => void (await sql(`DROP ROLE ${role}`)));
  await offline.cardea(['groups', 'create', 'staff']);
  const toFile = [
    'audit',
    'destinations',
    'create',
    '--kind',
    'file',
    '--file',
    'all.jsonl',
    '--name',
    'all',
    '--from',
    '0',
  ];
  const made = await offline.cardea(toFile, { env: { CARDEA_AUDIT_FILE_DIR: folder } });
  assert.equal(made.code, 0, made.stderr);
  // A server does so after a thousand events that a receiver refuses.
  const disable = "UPDATE audit_destinations SET enabled = false, disabled_reason = 'dead_letters'";
  await offline.db.run({ name: '', text: disable }, []);
  for (const [db, minutes, failure] of [
    [offline.db, 90, null],
    [offline.db, 30, 'backup_storage'],
    [app.db, 30, 'backup_storage'],
  ] as const) {
    const began_at = new Date(Date.now() - minutes * 60_000);
    const name = failure === null ? 'cardea-20261101T020000Z-1f3a5c7e' : null;
    const run = { id: randomUUID(), name, began_at, ended_at: began_at, bytes: null, failure };
    await noteRun(db, run);
  }
  for (const tries of [0, 3]) {
    const values = `gen_random_uuid(), '\\x00', ${tries}, now() + ${tries} * interval '1 day', now() + interval '9 days'`;
    const text = `INSERT INTO mails (id, sealed, tries, due_at, expires_at) VALUES (${values})`;
    await offline.db.run({ name: '', text }, []);
  }

  await offline.db.run(
    {
      name: '',
      text: "INSERT INTO deliveries (id, kind, client_id, next_attempt_at) VALUES (gen_random_uuid(), 'logout', 'app', now())",
    },
    [],
  );
  const toUrl = ['audit', 'destinations', 'create', '--kind', 'webhook', '--name', 'siem', '--url'];
  const hooked = await offline.cardea([...toUrl, `https://127.0.0.1:${await freePort()}/audit?key=k`]);
  assert.equal(hooked.code, 0, hooked.stderr);

  async function listening(server: Server): Promise<number> {
    const port = await freePort();
    await new Promise<void>((ready) => server.listen(port, 'localhost', ready));
    defer(scope, () => void server.close());
    return port;
  }

  async function site(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    defer(scope, () => server.closeAllConnections());
    return `http://localhost:${await listening(server)}`;
  }

  async function tlsSite(options: IdentityOptions): Promise<string> {
    const { pem: cert, keyPem: key } = await makeIdentity({ names: [{ type: 'dns', value: 'localhost' }], ...options });
    const server = createTls({ cert, key });
    server.on('tlsClientError', () => {});
    return `https://localhost:${await listening(server)}`;
  }

  /** A proxy in front of a server with these settings; `forward` is what it makes of X-Forwarded-For. */
  async function proxied(settings: Env, forward: (sent: string | undefined) => string | undefined): Promise<Env> {
    let target = '';
    const issuer = await site(async (request, response) => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.headers)) {
        if (typeof value === 'string' && name !== 'x-forwarded-for' && name !== 'connection') headers[name] = value;
      }
      const told = forward(request.headers['x-forwarded-for']?.toString());
      if (told !== undefined) headers['x-forwarded-for'] = told;
      const answer = await fetch(`${target}${request.url}`, { headers });
      response.end(await answer.text());
    });
    const behind = await deployment(scope, { env: { ...settings, CARDEA_ISSUER: issuer } });
    const address = behind.app.http.server.address();
    target = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
    return {
      ...settings,
      CARDEA_ISSUER: issuer,
      CARDEA_DATABASE_URL: behind.databaseUrl,
      CARDEA_MASTER_KEY: behind.masterKey,
    };
  }

  async function smtp(options: ConstructorParameters<typeof SMTPServer>[0]): Promise<string> {
    const server = new SMTPServer({ hideSTARTTLS: true, logger: false, ...options });
    server.on('error', () => {});
    const port = await freePort();
    await new Promise<void>((ready) => server.listen(port, '127.0.0.1', ready));
    defer(scope, () => new Promise<void>((closed) => server.close(() => closed())));
    return `smtp://u:p@127.0.0.1:${port}`;
  }

  const issuerOf = (given: string) => ({ CARDEA_ISSUER: given });
  const databaseAs = (user: string, password: string) => {
    const url = new URL(schemas.url);
    [url.username, url.password] = [user, password];
    return { CARDEA_DATABASE_URL: url.href };
  };
  const inFile = (name: string, mode: number) => {
    const path = file(`${name}-${mode}`, env[name] ?? '');
    chmodSync(path, mode);
    return path;
  };
  const withLeftFile = () => {
    file('pepper.0123abcd', 'left');
    const path = file('pepper', remember('other', randomBytes(32).toString('base64')));
    chmodSync(path, 0o640);
    return path;
  };
  const { CARDEA_MASTER_KEY: _, ...withoutKey } = env;
  /** It takes connections, and says nothing. */
  const silentSockets = new Set<Socket>();
  const silentPort = await listening(createTcp((socket) => void silentSockets.add(socket.on('error', () => {}))));
  defer(scope, () => {
    for (const socket of silentSockets) socket.destroy();
  });

  await sql("DELETE FROM kysely_migration WHERE name LIKE '0047%'");
  await sql("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', '2099')");
  await sql(`ALTER ROLE ${role} SET synchronous_commit = on`);
  await sql(`ALTER DATABASE "${new URL(schemas.url).pathname.slice(1)}" SET synchronous_commit = off`);
  const admin = createClient({ url: redis.url });
  await admin.connect();
  await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru']);
  admin.destroy();

  return {
    scope,
    app,
    offline,
    schemas,
    redis,
    role,
    folder,
    env,
    withoutKey,
    anotherKey,
    silentPort,
    site,
    tlsSite,
    proxied,
    smtp,
    issuerOf,
    databaseAs,
    inFile,
    withLeftFile,
  };
}
