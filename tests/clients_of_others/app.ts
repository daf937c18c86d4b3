import type { Page } from '../helpers/browser_session.ts';
import type { ClientRow } from './table.ts';

/** The values with which the app's process is started. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The values that are known when an app is installed and started. */
export interface Place {
  /** The copy of the app's folder, outside of what git knows, where things may be installed and built. */
  readonly folder: string;
  /** An empty folder of this run. */
  readonly scratch: string;
  readonly issuer: string;
  readonly port: number;
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The identifier of an API. */
  readonly audience: string;
}

interface Program {
  /** For `--only`. */
  readonly name: string;
  /** The library and its exact version. */
  readonly version: string;
  /** Its folder beside this file. */
  readonly folder: string;
  /** Programs without which it is not tried. */
  readonly needs: readonly string[];
  /** Installs and builds in the copied folder, once for the same files. */
  readonly install: readonly Command[];
  start(place: Place): Command;
}

/** An app that signs people in, by the code of its library's quick start. */
export interface ClientApp extends Program {
  readonly kind: 'client';
  /** Its row in ops/docs/clients.md, whose commands register it. */
  readonly row: ClientRow;
  readonly signIn: string;
  /** Shows an access token that was refreshed for this request. */
  readonly refreshed?: string;
  /** How the access token is read from that page; default: the page is the token. */
  tokenOf?(page: Page): string;
  /** The page that begins the sign-out. */
  signOut?(place: Place): string;
  /** The page with a form that begins the sign-out. */
  readonly signOutForm?: string;
  /** Where the person's e-mail address is shown, unless it is where the sign-in ends. */
  readonly home?: string;
}

/** An API that answers `GET /` with the `sub` of a valid access token, and otherwise with 401. */
export interface Api extends Program {
  readonly kind: 'api';
  /** More options of `cardea resources create`. */
  readonly options: readonly string[];
  /** True when it has a client of its own, as which it introspects. */
  readonly introspects?: true;
  /** True where even good tokens must be refused: a configuration that the documents warn of. */
  readonly refusesAll?: true;
}

export type App = ClientApp | Api;

/** Runs a program that opens `/dev/stderr`, which works with the pipe of a shell alone. */
export const piped = (...command: readonly string[]): Command => ({
  command: 'sh',
  args: ['-c', '"$0" "$@" 2>&1 | cat', ...command],
});
