import pg from 'pg';
import { AppError } from './errors.ts';
import { reasonOf } from './outages.ts';

/** The address of a database, without credentials. */
export interface DatabasePlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Parses `postgres://…` as the driver does, including its environment variables and defaults. */
export function databasePlace(url: string): DatabasePlace {
  const { host, port, database, user } = new pg.Client({ connectionString: url });
  return { host, port, database: database ?? '', user: user ?? '' };
}

interface Named extends DatabasePlace {
  /** The setting or option that names it. */
  readonly set: string;
}

type Explain = (place: Named) => string;

const at = ({ host, port }: DatabasePlace) => (host.startsWith('/') ? host : `${host}:${port}`);

/** By SQLSTATE (PostgreSQL appendix A) and errno: the cause, then the remedy. */
const EXPLAINED: Readonly<Record<string, Explain>> = {
  '28P01': (place) =>
    `the database at ${at(place)} refuses the password of user "${place.user}": correct it in ${place.set}`,
  '28000': (place) =>
    `the database at ${at(place)} lets user "${place.user}" not in: create the user, or allow this machine in pg_hba.conf`,
  '3D000': (place) =>
    `there is no database "${place.database}" at ${at(place)}: create it (CREATE DATABASE ${place.database}) or correct ${place.set}`,
  '42501': (place) =>
    `user "${place.user}" lacks rights in database "${place.database}": make it the owner (ALTER DATABASE ${place.database} OWNER TO ${place.user}), or GRANT CREATE, USAGE ON SCHEMA public TO ${place.user}; a role that has rights by ops/postgres/roles.sql alone (ops/docs/audit.md) gets them by sending that again`,
  '53300': (place) =>
    `the database at ${at(place)} has no connection left: raise its max_connections, or lower CARDEA_DATABASE_POOL`,
  '53100': (place) => `the disk of the database at ${at(place)} is full: free some space`,
  '25006': (place) => `the database at ${at(place)} is read-only: name the primary in ${place.set}`,
  '57P03': (place) => `the database at ${at(place)} is still starting: try again shortly`,
  ECONNREFUSED: (place) => `nothing listens at ${at(place)}: start Postgres there, or correct ${place.set}`,
  ENOENT: (place) => `there is no socket in ${place.host}: start Postgres there, or correct ${place.set}`,
  ENOTFOUND: (place) => `the host "${place.host}" of ${place.set} has no address: correct the name, or the name server`,
  EAI_AGAIN: (place) =>
    `the name server does not answer for "${place.host}" of ${place.set}: try again, or use an address`,
  EHOSTUNREACH: (place) => `there is no route to ${at(place)}: check the network and ${place.set}`,
  ENETUNREACH: (place) => `there is no route to ${at(place)}: check the network and ${place.set}`,
  ETIMEDOUT: (place) => `the database at ${at(place)} does not answer: check ${place.set} and the firewall in between`,
  TIMEOUT: (place) => `the database at ${at(place)} does not answer: check ${place.set} and the firewall in between`,
  ECONNRESET: (place) => `${at(place)} closes the connection: check that Postgres listens there, and its log`,
  NO_TLS: (place) =>
    `the database at ${at(place)} offers no TLS: turn it on there, or take sslmode out of ${place.set}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: (place) =>
    `the certificate of the database at ${at(place)} is self-signed: name its authority in NODE_EXTRA_CA_CERTS`,
  SELF_SIGNED_CERT_IN_CHAIN: (place) =>
    `the certificate of the database at ${at(place)} has an unknown authority: name it in NODE_EXTRA_CA_CERTS`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (place) =>
    `the certificate of the database at ${at(place)} has an unknown authority: name it in NODE_EXTRA_CA_CERTS`,
  ERR_TLS_CERT_ALTNAME_INVALID: (place) =>
    `the certificate of the database is not for "${place.host}": name the host that it is for in ${place.set}`,
  CERT_HAS_EXPIRED: (place) => `the certificate of the database at ${at(place)} has expired: renew it`,
};

/**
 * One line for the operator: cause and remedy, without a secret.
 * @param set the setting or option that names the database
 * @returns undefined when the operator cannot change anything about the error
 */
export function explainDatabaseProblem(error: unknown, url: string, set = 'CARDEA_DATABASE_URL'): string | undefined {
  const place = { ...databasePlace(url), set };
  const reason = reasonOf(error);
  const explain = EXPLAINED[reason];
  if (explain) return `${explain(place)} (${reason})`;
  return error instanceof AppError && error.status === 503
    ? `the database at ${at(place)} cannot be used: check ${set} and its log (${reason})`
    : undefined;
}

/** The same as an error, which is thrown in place of the first one. */
export function databaseProblem(error: unknown, url: string, set?: string): unknown {
  const text = explainDatabaseProblem(error, url, set);
  // Without the cause, which the text tells.
  return text === undefined ? error : new AppError('temporarily_unavailable', text);
}
