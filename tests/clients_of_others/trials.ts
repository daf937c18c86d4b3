import type { Scope } from '../helpers/scope.ts';
import { freePort, until } from '../helpers/waiting.ts';
import type { Api, App, Place } from './app.ts';
import type { Cardea } from './cardea.ts';
import { type Caller, checkApi, SCOPE } from './check_api.ts';
import { checkClient } from './check_client.ts';
import { install, missing, run } from './install.ts';
import { scoped, scratchFolder } from './scopes.ts';
import { argumentsOf } from './table.ts';

export interface Result {
  readonly name: string;
  readonly version: string;
  readonly verdict: 'passed' | 'failed' | 'not tried';
  /** The steps that passed, or why not. */
  readonly details: string;
}

const STARTS_WITHIN_MS = 120_000;

/**
 * @param cardea where the apps are registered
 * @returns a function that tries one app after the other
 */
export function trials(cardea: Cardea): (app: App) => Promise<Result> {
  let other: Promise<Caller> | undefined;

  /** One other API for all, whose tokens no API may accept. */
  function otherCaller(): Promise<Caller> {
    const place = { audience: 'https://another.example.com', clientId: '' };
    other ??= registerApi({ name: 'Another', options: [] }, place, cardea);
    return other;
  }

  return async (app) => tryApp(app, cardea, otherCaller);
}

async function tryApp(app: App, cardea: Cardea, otherCaller: () => Promise<Caller>): Promise<Result> {
  const { name, version } = app;
  const lacking = missing(app);
  if (lacking !== undefined) return { name, version, verdict: 'not tried', details: `this machine has no ${lacking}` };
  try {
    const details = await scoped((scope) => use(scope, app, cardea, otherCaller));
    return { name, version, verdict: 'passed', details };
  } catch (error) {
    return { name, version, verdict: 'failed', details: error instanceof Error ? error.message : String(error) };
  }
}

/** Installs, registers and starts the app, and checks it. */
async function use(scope: Scope, app: App, cardea: Cardea, otherCaller: () => Promise<Caller>): Promise<string> {
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
        return answers(url);
      },
      { withinMs: STARTS_WITHIN_MS, everyMs: 100 },
    );
    if (app.kind === 'client') return (await checkClient(app, place, cardea)).join(', ');
    if (caller) await checkApi(app, url, cardea, caller, await otherCaller());
    return app.refusesAll ? 'refuses all tokens, as documented' : 'accepts its tokens, and no others';
  } catch (error) {
    const warnings = cardea.lines.slice(seen).filter((line) => /"level":"?(warn|error|40|50)/.test(line));
    throw new Error(`${error instanceof Error ? error.message : error}\n${output()}\n${warnings.join('\n')}`.trim());
  }
}

/** True when it answers with anything. The body is read, since an unread one keeps the connection. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: 'manual' });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
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

const environment = ({ issuer, port, clientId, clientSecret, audience }: Place): Record<string, string> => ({
  ISSUER: issuer,
  PORT: String(port),
  CLIENT_ID: clientId,
  CLIENT_SECRET: clientSecret,
  AUDIENCE: audience,
});
