/**
 * `make clients` runs this: libraries of other languages sign people in at a Cardea that it starts, by the code of their
 * own quick starts (`ops/docs/clients.md`), and APIs verify its tokens (`ops/docs/resource-servers.md`).
 * node tests/clients_of_others/run.ts [--only NAME,…] [--json]
 * Exits with 1 when one fails, not when its language is missing on this machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defer, type Scope } from '../helpers/scope.ts';
import { freePort, until } from '../helpers/waiting.ts';
import type { Api, App, Place } from './app.ts';
import { type Cardea, startCardea } from './cardea.ts';
import { type Caller, checkApi, SCOPE } from './check_api.ts';
import { checkClient } from './check_client.ts';
import { install, missing, run } from './install.ts';
import { OTHER_LANGUAGES } from './other_languages.ts';
import { argumentsOf } from './table.ts';

interface Result {
  readonly name: string;
  readonly version: string;
  readonly verdict: 'passed' | 'failed' | 'not tried';
  /** The steps that passed, or why not. */
  readonly details: string;
}

const STARTS_WITHIN_MS = 120_000;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const only = values.only?.split(',');
  const apps = OTHER_LANGUAGES.filter(
    ({ name, folder }) => only?.some((one) => name.startsWith(one) || folder === one) ?? true,
  );
  if (apps.length === 0) {
    console.error(`--only: there is no ${values.only}; known: ${OTHER_LANGUAGES.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const results: Result[] = [];
  await scoped(async (scope) => {
    const cardea = await startCardea(scope, scratchFolder(scope));
    for (const app of apps) {
      const result = await tryApp(app, cardea);
      if (!values.json) console.log(`${result.verdict.padEnd(9)} ${app.name}: ${result.details}`);
      results.push(result);
    }
  });
  console.log(values.json ? JSON.stringify(results, null, 2) : table(results));
  return results.some(({ verdict }) => verdict === 'failed') ? 1 : 0;
}

async function tryApp(app: App, cardea: Cardea): Promise<Result> {
  const { name, version } = app;
  const lacking = missing(app);
  if (lacking !== undefined) return { name, version, verdict: 'not tried', details: `this machine has no ${lacking}` };
  try {
    const details = await scoped((scope) => use(scope, app, cardea));
    return { name, version, verdict: 'passed', details };
  } catch (error) {
    return { name, version, verdict: 'failed', details: error instanceof Error ? error.message : String(error) };
  }
}

/** Installs, registers and starts the app, and checks it. */
async function use(scope: Scope, app: App, cardea: Cardea): Promise<string> {
  const { issuer } = cardea;
  const folder = await install(scope, app);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const audience = `https://${app.name.replaceAll(/\W/g, '-')}.example.com`;
  const place: Place = {
    folder,
    scratch: scratchFolder(scope),
    issuer,
    port,
    url,
    audience,
    ...(await register(app, url, cardea)),
  };
  const caller = app.kind === 'api' ? await registerApi(app, place, cardea) : undefined;

  const { command, args, cwd, env } = app.start(place);
  const { child, output } = run(scope, { command, args, cwd: cwd ?? folder, env: { ...environment(place), ...env } });
  const seen = cardea.lines.length;
  try {
    await until(
      'the app answers',
      () => {
        if (child.exitCode !== null) throw new Error('the app ended at once');
        return fetch(url, { redirect: 'manual' }).catch(() => undefined);
      },
      { withinMs: STARTS_WITHIN_MS, everyMs: 100 },
    );
    if (app.kind === 'client') return (await checkClient(app, place, cardea)).join(', ');
    if (caller) await checkApi(app, url, cardea, caller, await otherCaller(cardea));
    return app.refusesAll ? 'refuses all tokens, as documented' : 'accepts its tokens, and no others';
  } catch (error) {
    const warnings = cardea.lines.slice(seen).filter((line) => /"level":"?(warn|error|40|50)/.test(line));
    throw new Error(`${error instanceof Error ? error.message : error}\n${output()}\n${warnings.join('\n')}`.trim());
  }
}

/** The client of an app, by the commands of its row; that of an API, as which it introspects. */
async function register(app: App, url: string, { cli }: Cardea): Promise<Pick<Place, 'clientId' | 'clientSecret'>> {
  if (app.kind === 'api' && !app.introspects) return { clientId: '', clientSecret: '' };
  const commands =
    app.kind === 'client'
      ? app.row.commands
      : [`cardea clients create --name ${app.name} --grant-type client_credentials`];
  let last = { clientId: '', clientSecret: '' };
  for (const command of commands) last = credentials(await cli(argumentsOf(command, url, last.clientId)));
  return last;
}

const credentials = ({ client_id = '', client_secret = '' }: Record<string, string>) => ({
  clientId: client_id,
  clientSecret: client_secret,
});

async function registerApi(
  app: Pick<Api, 'name' | 'options'>,
  place: Pick<Place, 'audience' | 'clientId'>,
  { cli }: Cardea,
): Promise<Caller> {
  const { audience, clientId } = place;
  const named = ['--identifier', audience, '--name', app.name, '--scope', SCOPE];
  const introspects = clientId === '' ? [] : ['--client', clientId];
  await cli(['resources', 'create', ...named, ...introspects, ...app.options]);
  const service = ['--grant-type', 'client_credentials', '--scope', SCOPE];
  return { audience, ...credentials(await cli(['clients', 'create', '--name', `Caller of ${app.name}`, ...service])) };
}

let other: Promise<Caller> | undefined;

/** One other API for all, whose tokens no API may accept. */
function otherCaller(cardea: Cardea): Promise<Caller> {
  other ??= registerApi(
    { name: 'Another', options: [] },
    { audience: 'https://another.example.com', clientId: '' },
    cardea,
  );
  return other;
}

const environment = ({ issuer, port, clientId, clientSecret, audience }: Place): Record<string, string> => ({
  ISSUER: issuer,
  PORT: String(port),
  CLIENT_ID: clientId,
  CLIENT_SECRET: clientSecret,
  AUDIENCE: audience,
});

/** Runs `fn` with a scope of its own, which has ended when this resolves. */
async function scoped<T>(fn: (scope: Scope) => Promise<T>): Promise<T> {
  const ends: (() => void | Promise<void>)[] = [];
  try {
    return await fn({ after: (end) => void ends.push(end) });
  } finally {
    for (const end of ends) await end();
  }
}

function scratchFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-clients-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function table(results: readonly Result[]): string {
  const width = (key: 'name' | 'version') => Math.max(...results.map((one) => one[key].length));
  const rows = results.map(({ name, version, verdict, details }) =>
    [name.padEnd(width('name')), version.padEnd(width('version')), verdict.padEnd(9), details.split('\n')[0]].join(
      '  ',
    ),
  );
  return ['', ...rows].join('\n');
}

process.exitCode = await main(process.argv.slice(2));
