import { explainDatabaseProblem } from './platform/database_problems.ts';
import { AppError } from './platform/errors.ts';

/** Where the server should listen, and its database. */
export interface StartTargets {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
}

/** By errno of `listen`: the problem, then the remedy. */
const LISTENING: Readonly<Record<string, (targets: StartTargets) => string>> = {
  EADDRINUSE: ({ host, port }) =>
    `port ${port} of ${host} is in use: stop what listens there (another Cardea?), or set CARDEA_PORT`,
  EACCES: ({ port }) =>
    `this user may not listen on port ${port}: set CARDEA_PORT to 1024 or above, or grant CAP_NET_BIND_SERVICE`,
  EADDRNOTAVAIL: ({ host }) => `${host} is not an address of this machine: correct CARDEA_HOST`,
  ENOTFOUND: ({ host }) => `the host name ${host} has no address: correct CARDEA_HOST`,
  EAI_AGAIN: ({ host }) => `the name server does not answer for ${host}: set CARDEA_HOST to an address`,
};

/**
 * Why the server does not start, in one line with cause and remedy.
 * @returns undefined for an unexpected error: its stack is printed instead
 */
export function explainStart(error: unknown, targets: StartTargets): string | undefined {
  const { syscall, code } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof Error && (syscall === 'listen' || syscall === 'getaddrinfo') && !(error instanceof AppError)) {
    return LISTENING[code ?? '']?.(targets);
  }
  const databaseProblem = targets.databaseUrl ? explainDatabaseProblem(error, targets.databaseUrl) : undefined;
  return databaseProblem ?? (error instanceof AppError ? error.message : undefined);
}
