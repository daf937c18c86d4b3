import { randomBytes } from 'node:crypto';
import { spawnCli } from '../cli/run_cli.ts';
import type { Person } from '../helpers/deployment.ts';
import { startNode } from '../helpers/processes.ts';
import type { Scope } from '../helpers/scope.ts';
import { freePort } from '../helpers/waiting.ts';

/** Shorter than the time that libraries refresh a token before its end, so that each use of a token refreshes it. */
const ACCESS_TOKEN_TTL = '9s';

export interface Cardea {
  readonly issuer: string;
  readonly person: Pick<Person, 'email' | 'password'>;
  /** The output so far. */
  readonly lines: readonly string[];
  /** Runs `cardea … --json`, as an operator would. */
  cli(args: readonly string[], input?: string): Promise<Record<string, string>>;
}

/** Starts `node server/main.ts` with an embedded Postgres and one account; the scope stops it. */
export async function startCardea(scope: Scope, dataDir: string): Promise<Cardea> {
  const port = await freePort();
  const env = {
    CARDEA_PORT: String(port),
    CARDEA_ISSUER: `http://localhost:${port}`,
    CARDEA_DATA_DIR: dataDir,
    CARDEA_DEMO: 'false',
    CARDEA_ACCESS_TOKEN_TTL: ACCESS_TOKEN_TTL,
  };
  const node = await startNode(scope, { port, embeddedIn: dataDir, env });
  async function cli(args: readonly string[], input = ''): Promise<Record<string, string>> {
    const ran = await spawnCli([...args, '--json'], { input, env });
    if (ran.code !== 0) throw new Error(`cardea ${args.slice(0, 2).join(' ')}: ${ran.stderr.trim()}`);
    return ran.json as Record<string, string>;
  }
  const person = { email: 'ada@example.com', password: `Aa1 ${randomBytes(18).toString('base64url')}` };
  const name = ['--name', 'Ada Lovelace', '--email-verified', '--password-stdin', '--keep-password'];
  await cli(['users', 'create', '--email', person.email, ...name], `${person.password}\n`);
  return { issuer: node.issuer, person, lines: node.lines, cli };
}
