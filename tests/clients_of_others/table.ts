import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../helpers/artifacts.ts';

/** Where the commands of the table say that the app runs; the tests replace it. */
export const APP_IN_TABLE = 'http://localhost:8080';

/** The command for an app with a path to come back to after signing in, and one after signing out. */
export const CREATE = (callback: string, signedOut: string): string =>
  `cardea clients create --name "Notes" --redirect-uri ${APP_IN_TABLE}${callback} --post-logout-redirect-uri ${APP_IN_TABLE}${signedOut}`;

/** A client of others: a row of ops/docs/clients.md, and what its test sets up. */
export interface ClientRow {
  readonly name: string;
  /** Where its quick start is. */
  readonly link: string;
  readonly language: string;
  /** The version that was tried. */
  readonly version: string;
  /** The commands that register the app; CLIENT_ID is the id that the first one prints. */
  readonly commands: readonly string[];
  /** What it was seen to do, for the overview. */
  readonly notes: string;
  /** What to know about its configuration, if there is anything. */
  readonly setup?: string;
  /** The tested file, with the snippet between the comments `snippet` and `end of the snippet`. */
  readonly file: string;
  /** Another tested file, likewise. */
  readonly secondFile?: string;
}

const FOLDER = 'tests/clients_of_others';

export const CLIENTS = {
  oidcClientTs: {
    name: 'oidc-client-ts',
    link: 'https://github.com/authts/oidc-client-ts',
    language: 'JavaScript in a browser',
    version: npmVersion('oidc-client-ts'),
    commands: [
      `cardea clients create --name "Notes" --public --redirect-uri ${APP_IN_TABLE}/callback --post-logout-redirect-uri ${APP_IN_TABLE}/`,
    ],
    notes: 'signs in, refreshes, revokes, signs out',
    setup: 'It is a public client: a page in a browser has no secret.',
    file: `${FOLDER}/oidc_client_ts.js`,
  },
  openidClient: {
    name: 'openid-client',
    link: 'https://github.com/panva/openid-client',
    language: 'Node',
    version: npmVersion('openid-client'),
    commands: [
      `cardea clients create --name "Notes" --redirect-uri ${APP_IN_TABLE}/callback --post-logout-redirect-uri ${APP_IN_TABLE}/`,
    ],
    notes: 'signs in, refreshes, signs out',
    file: `${FOLDER}/openid_client.ts`,
  },
  expressOpenidConnect: {
    name: 'express-openid-connect',
    link: 'https://github.com/auth0/express-openid-connect',
    language: 'Node, Express',
    version: npmVersion('express-openid-connect'),
    commands: [
      `cardea clients create --name "Notes" --redirect-uri ${APP_IN_TABLE}/callback --post-logout-redirect-uri ${APP_IN_TABLE}`,
    ],
    notes: 'signs in, refreshes, signs out',
    setup:
      'Without `authorizationParams` it asks for `response_type=id_token`, the implicit flow, which OAuth 2.1 no longer has: set it to `code`, and give it the secret.',
    file: `${FOLDER}/express_openid_connect.ts`,
  },
  authJs: {
    name: 'Auth.js (@auth/express)',
    link: 'https://authjs.dev/guides/configuring-oauth-providers',
    language: 'Node, Express',
    version: npmVersion('@auth/express'),
    commands: [`cardea clients create --name "Notes" --redirect-uri ${APP_IN_TABLE}/auth/callback/cardea`],
    notes: 'signs in, refreshes, signs out of the app alone',
    setup: 'With Express 5 it is mounted at `/auth`, not at `/auth/*`.',
    file: `${FOLDER}/auth_js.ts`,
  },
  passport: {
    name: 'passport-openidconnect',
    link: 'https://github.com/jaredhanson/passport-openidconnect',
    language: 'Node, Express',
    version: npmVersion('passport-openidconnect'),
    commands: [`cardea clients create --name "Notes" --pkce off --redirect-uri ${APP_IN_TABLE}/cb`],
    notes: 'signs in, signs out of the app alone; does not refresh',
    setup:
      'As its README has it, it sends neither PKCE nor a `nonce`: hence `--pkce off`. Its option `nonce` makes it send one, and check it: that is safer, and then `--pkce off` is not needed.',
    file: `${FOLDER}/passport_openidconnect.ts`,
  },
  mcpSdk: {
    name: 'MCP SDK (@modelcontextprotocol/sdk)',
    link: 'https://github.com/modelcontextprotocol/typescript-sdk',
    language: 'Node, agents',
    version: npmVersion('@modelcontextprotocol/sdk'),
    commands: [
      `cardea resources create --name "Notes" --identifier ${APP_IN_TABLE}/mcp --scope "notes:read notes:write" --open`,
    ],
    notes: 'signs in, refreshes, asks for more scopes when a tool needs them',
    setup:
      'Nobody registers the agent: its `client_id` is the URL of its metadata document, or it registers itself, for which Cardea needs `CARDEA_REGISTRATION=open` or an initial access token. The server is registered, here that of [ops/examples/mcp-server](../examples/mcp-server/README.md).',
    file: `${FOLDER}/mcp_sdk.ts`,
  },
} as const satisfies Record<string, ClientRow>;

/**
 * The arguments of a command of the table, without `cardea`, for an app at `origin`.
 * @param command some of its words may be in double quotes
 */
export function argumentsOf(command: string, origin: string, clientId = ''): string[] {
  const line = command.replaceAll(APP_IN_TABLE, origin).replaceAll('CLIENT_ID', clientId);
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '').slice(1);
}

/** The version of a package that `npm ci` installs. */
function npmVersion(name: string): string {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const version = lock.packages[`node_modules/${name}`]?.version;
  if (version === undefined) throw new Error(`package-lock.json has no ${name}`);
  return version;
}
