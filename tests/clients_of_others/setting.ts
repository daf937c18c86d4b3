import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { runCli } from '../cli/run_cli.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { type Deployment, deployment, type Person } from '../helpers/deployment.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';
import { type Visitor, visitorOf } from './sign_in_at.ts';
import { argumentsOf, type ClientRow } from './table.ts';

/** What the developer of an app has from `cardea clients create`, and where the app runs. */
export interface AppSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Empty for a public client. */
  readonly clientSecret: string;
  /** The origin of the app. */
  readonly origin: string;
}

export interface Setting {
  readonly cardea: Deployment;
  readonly person: Person;
  /** Runs `cardea … --json`. */
  cli(args: readonly string[]): Promise<Record<string, string>>;
  /** Runs the commands of the table, for an app at `origin`. */
  register(row: Pick<ClientRow, 'commands'>, origin: string): Promise<AppSettings>;
  /** Registers an app and serves it. */
  serve(row: Pick<ClientRow, 'commands'>, make: (settings: AppSettings) => RequestListener): Promise<AppSettings>;
  /** The person, in a new browser. */
  visitor(): Visitor;
}

/** Cardea with one account, for apps that are registered as the table says. */
export async function setUp(scope: Scope, settings: Readonly<Record<string, string>> = {}): Promise<Setting> {
  const cardea = await deployment(scope, { env: settings });
  const person = await cardea.seed.person({ name: 'Ada Lovelace', email: 'ada@example.com' });
  const env = {
    ...settings,
    CARDEA_ISSUER: cardea.issuer,
    CARDEA_DATABASE_URL: cardea.databaseUrl,
    CARDEA_MASTER_KEY: cardea.masterKey,
    CARDEA_DATA_DIR: cardea.dataDir,
  };

  async function cli(args: readonly string[]): Promise<Record<string, string>> {
    const ran = await runCli([...args, '--json'], { env });
    assert.equal(ran.code, 0, ran.stderr);
    return ran.json as Record<string, string>;
  }

  async function register(row: Pick<ClientRow, 'commands'>, origin: string): Promise<AppSettings> {
    let settings = { issuer: cardea.issuer, clientId: '', clientSecret: '', origin };
    for (const command of row.commands) {
      const { client_id, client_secret } = await cli(argumentsOf(command, origin, settings.clientId));
      settings = {
        ...settings,
        clientId: client_id ?? settings.clientId,
        clientSecret: client_secret ?? settings.clientSecret,
      };
    }
    return settings;
  }

  return {
    cardea,
    person,
    cli,
    register,
    async serve(row, make) {
      const port = await freePort();
      const settings = await register(row, `http://localhost:${port}`);
      const server = createServer(make(settings)).listen(port, '127.0.0.1');
      await once(server, 'listening');
      defer(scope, () => {
        server.closeAllConnections();
        server.close();
      });
      return settings;
    },
    visitor: () => visitorOf(cardea.issuer, person, browserSession(cardea.issuer)),
  };
}

/** What an app must not lose: tokens that its pages show are searched in the dumps. */
export function noteTokens(tokens: { access_token?: unknown; refresh_token?: unknown; id_token?: unknown }): void {
  for (const name of ['access_token', 'refresh_token', 'id_token'] as const) {
    const value = tokens[name];
    if (typeof value === 'string') remember(name, value);
  }
}
