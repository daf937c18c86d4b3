import type { Limit, LimitTerms, ServerLimit } from './platform/limit.ts';
import type { LimitUnit } from './platform/limit_state.ts';

/*
 * All limits of the server, by name and scope. CARDEA_LIMITS changes them; `cardea config check` and
 * ops/docs/configuration.md show them. What is not here has no limit: the JWKS, discovery, static files and health checks
 * are bytes in memory, and a limit would cost more than they do.
 */

/** The settings that defaults follow. */
export interface LimitBases {
  readonly CARDEA_RATE_LIMIT: number;
  readonly CARDEA_MAIL_LIMIT: number;
  readonly CARDEA_MAIL_LIMIT_ADDRESS: number;
  readonly CARDEA_REGISTRATION_QUOTA: number;
}

type Amount = number | { readonly times: number; readonly of: keyof LimitBases; readonly atMost: number };

/** The default of a limit. `seconds`: its window; undefined for what is kept at the same time, or for a lifetime. */
interface Default<Seconds extends number | undefined> {
  readonly amount: Amount;
  readonly seconds: Seconds;
  readonly unit: LimitUnit;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

export const NO_MOST = Number.MAX_SAFE_INTEGER;
const of = (base: keyof LimitBases, times: number, atMost = NO_MOST): Amount => ({
  times,
  of: base,
  atMost,
});

/** A multiple of CARDEA_RATE_LIMIT, in a minute. */
const times = (factor: number, atMost?: number): Default<number> => ({
  amount: of('CARDEA_RATE_LIMIT', factor, atMost),
  seconds: MINUTE,
  unit: 'requests',
});
const per = (seconds: number, amount: Amount): Default<number> => ({ amount, seconds, unit: 'requests' });
const bytesAnHour = (factor: number): Default<number> => ({
  amount: of('CARDEA_RATE_LIMIT', factor),
  seconds: HOUR,
  unit: 'bytes',
});
const kept = (amount: Amount): Default<undefined> => ({ amount, seconds: undefined, unit: 'requests' });

type Scope =
  | 'client'
  | 'account'
  | 'address'
  | 'network'
  | 'host'
  | 'session'
  | 'browser'
  | 'grant'
  | 'request'
  | 'source'
  | 'recipient'
  | 'server';

type LimitRow = { readonly about: string } & { readonly [Name in Scope]?: Default<number | undefined> };

export const LIMITS = {
  'sign-in': { about: 'wrong passwords, codes and passkeys', address: times(1) },
  'failed-sign-ins': {
    about: 'failed sign-ins that have an entry each in the audit; of more, a few entries tell how many they were',
    address: per(HOUR, 30),
  },
  'client-authentication': { about: 'failed authentications of clients, at all endpoints', address: times(1) },
  authorize: { about: 'requests to /authorize', account: times(10), address: times(20), server: times(10_000) },
  token: {
    about: 'requests to /token; by address those without an authenticated client',
    client: times(100),
    address: times(10),
    server: times(10_000),
  },
  introspection: {
    about: 'requests to /introspect; by address those without an authenticated client',
    client: times(1_000),
    address: times(10),
    server: times(100_000),
  },
  revocation: {
    about: 'requests to /revoke; by address those without an authenticated client',
    client: times(100),
    address: times(10),
    server: times(10_000),
  },
  userinfo: {
    about: 'requests to /userinfo; by address those without a valid token',
    client: times(1_000),
    account: times(10),
    address: times(10),
    server: times(100_000),
  },
  par: {
    about: 'pushed authorization requests; by address those without an authenticated client',
    client: times(100),
    address: times(10),
    server: times(10_000),
  },
  device: {
    about: 'device authorization requests, and the pages where people connect devices',
    client: times(100),
    account: times(10),
    address: times(10),
    server: times(10_000),
  },
  ciba: {
    about: 'backchannel authentication requests',
    client: times(100),
    address: times(10),
    server: times(10_000),
  },
  logout: { about: 'requests to /logout', address: times(20), server: times(10_000) },
  anonymous: {
    about: 'requests that store something before a person has signed in or decided, without an authenticated client',
    address: times(10),
  },
  writes: {
    about: 'bytes that requests without a sign-in store',
    address: bytesAnHour(100_000),
    server: bytesAnHour(2_000_000),
  },
  unfinished: {
    about:
      'unfinished visits, pushed requests, device codes, CIBA requests and anonymous sessions that are kept, each kind by itself; the oldest of those who have most go first',
    client: kept(5_000),
    account: kept(500),
    address: kept(500),
    server: kept(50_000),
  },
  'request-uri': { about: 'how often one pushed request may be opened', request: kept(10) },
  'user-codes': {
    about: 'user codes of devices that are typed (RFC 8628 section 5.1)',
    address: times(1, 59),
    session: times(1, 19),
  },
  'unknown-hints': { about: 'hints of CIBA requests without an account', client: times(1, 20) },
  'refresh-loop': { about: 'refreshes within three seconds of the last one', grant: per(10, 3) },
  forms: { about: 'forms that are sent, and mailed links that are opened', address: times(10) },
  pages: { about: 'sign-in pages, the front page, documentation and status lists that are read', address: times(20) },
  'account-pages': { about: 'pages of /account that are read', account: times(1), address: times(10) },
  'mailed-links': { about: 'forms behind mailed links', address: times(1) },
  usernames: { about: 'usernames that a person tries', account: per(DAY, 5) },
  'data-exports': { about: 'exports of all that is stored about a person, by that person', account: per(DAY, 10) },
  'mail-forms': { about: 'forms for a forgotten password and for signing up', address: times(1) },
  'mail-requests': {
    about:
      'mails of one kind that strangers cause; by address not for a browser in which the person has signed in before',
    account: per(HOUR, 5),
    address: per(HOUR, of('CARDEA_MAIL_LIMIT_ADDRESS', 1)),
    server: per(HOUR, of('CARDEA_MAIL_LIMIT', 1)),
  },
  'mails-with-link': {
    about:
      'mails of one kind with a link to one person, for as long as a link lives: from one source, from a browser of their own, in all',
    source: kept(3),
    browser: kept(5),
    recipient: kept(6),
  },
  'mails-of-requests': {
    about: 'mails to one person about requests of apps: from one app, in all',
    client: per(HOUR, 5),
    recipient: per(HOUR, 15),
  },
  notices: { about: 'other mails of one kind to one person', recipient: per(HOUR, 20) },
  registration: { about: 'registrations of clients, and wrong tokens there', address: times(1), server: times(5) },
  'registered-clients': {
    about:
      'unused clients that registered themselves and are kept: from one address, from one IPv4 /24 or IPv6 /48, for one host of redirect URIs, in all',
    address: kept(of('CARDEA_REGISTRATION_QUOTA', 1)),
    network: kept(of('CARDEA_REGISTRATION_QUOTA', 5)),
    host: kept(of('CARDEA_REGISTRATION_QUOTA', 10)),
    server: kept(of('CARDEA_REGISTRATION_QUOTA', 100)),
  },
  'client-documents': { about: 'client metadata documents that are fetched', address: times(1) },
  admin: {
    about: 'requests to the admin API',
    client: times(20),
    account: times(5),
    address: times(20),
    server: times(100),
  },
  refusals: {
    about: 'changes by the admin API that are denied or refused and have an entry in the audit',
    client: per(HOUR, 1_000),
    account: per(HOUR, 100),
    server: per(HOUR, 10_000),
  },
  connections: { about: 'open connections of one address that is not a trusted proxy', address: kept(1_000) },
} as const satisfies Readonly<Record<string, LimitRow>>;

type Table = typeof LIMITS;
export type LimitName = keyof Table;
type ScopesOf<Name extends LimitName> = Exclude<keyof Table[Name], 'about'>;
type IsRate<Name extends LimitName, Scope extends ScopesOf<Name>> =
  Table[Name][Scope] extends Default<number> ? true : false;

/** Without a window it is a number that is kept, or that counts for a lifetime. */
export type LimitInForce = LimitTerms | { readonly max: number; readonly seconds: undefined; readonly unit: LimitUnit };

export type LimitsInForce = {
  readonly [Name in LimitName]: {
    readonly [Scope in ScopesOf<Name>]: IsRate<Name, Scope> extends true
      ? LimitTerms
      : { readonly max: number; readonly seconds: undefined; readonly unit: LimitUnit };
  };
};

/** The limits of the table, as parts of the server use them: a number for what is kept. */
export type Limits = {
  readonly [Name in LimitName]: {
    readonly [Scope in ScopesOf<Name>]: IsRate<Name, Scope> extends true
      ? Scope extends 'server'
        ? ServerLimit
        : Limit
      : number;
  };
};

export interface LimitEntry {
  readonly name: LimitName;
  readonly scope: string;
  readonly standard: Default<number | undefined>;
  readonly about: string;
}

/** Each limit of the table, one for each scope. */
export function limitEntries(): LimitEntry[] {
  return (Object.keys(LIMITS) as LimitName[]).flatMap((name) => {
    const { about, ...scopes } = LIMITS[name] as LimitRow;
    return Object.entries(scopes).map(([scope, standard]) => ({ name, scope, standard, about }));
  });
}
