import { randomUUID } from 'node:crypto';
import { CompiledQuery, type Kysely } from 'kysely';
import { COOKIE_RING } from '../../keys/jwks.ts';
import { keyPolicy } from '../../keys/policy.ts';
import type { KeyChange, KeyRing } from '../../keys/rotate.ts';
import type { KeyTables } from '../../keys/store.ts';
import { createAttempts } from '../accounts/attempts.ts';
import { createDeparted } from '../accounts/departed.ts';
import { createDevices } from '../accounts/devices.ts';
import { createEvents } from '../accounts/events.ts';
import { createLinks } from '../accounts/links.ts';
import { createMails } from '../accounts/mails.ts';
import { createNamed } from '../accounts/named.ts';
import { createPasswordService, namesOf, type PasswordService } from '../accounts/password_service.ts';
import type { PersonEvents } from '../accounts/person_events.ts';
import { createRecoveryCodes, RECOVERY_CODES_SECRET } from '../accounts/recovery_codes.ts';
import { createSessionDetails } from '../accounts/session_details.ts';
import { createAccounts } from '../accounts/store.ts';
import { createTexts } from '../accounts/texts.ts';
import { createTotp } from '../accounts/totp.ts';
import { createDeadLetters } from '../audit/dead_letters.ts';
import { createDestinations } from '../audit/destinations.ts';
import { type Audit, openAudit } from '../audit/entries.ts';
import { createAuditLog } from '../audit/listing.ts';
import { createRegistrationTokens } from '../clients/registration_tokens.ts';
import { createResourceServers } from '../clients/resource_servers.ts';
import { OWN_SCOPES } from '../clients/scopes.ts';
import { createClients } from '../clients/store.ts';
import { type Config, serverPolicyOf, signedLifetimes } from '../config.ts';
import { freshSecret } from '../fresh_secrets.ts';
import { reservedOf } from '../operations/api_resource.ts';
import { createDataExports, type DataExports } from '../operations/data_export.ts';
import { builtinRoles, PERMISSION_SCOPES } from '../operations/permissions.ts';
import { createResults, RESULTS_SECRET } from '../operations/results.ts';
import { createRunner, type Runner, type RunParts } from '../operations/run.ts';
import type { AccountStores, ClientStores, Factors, Services } from '../operations/services.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { createDeclaredSettings } from '../platform/declared_settings.ts';
import { notFound } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { createMigrations } from '../platform/migrate.ts';
import { once } from '../platform/once.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { RequestContext } from '../platform/request_context.ts';
import { columnSealer, type Sealer } from '../platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, ACCOUNT_SEARCH_SECRET, loadServerSecret } from '../platform/server_secrets.ts';
import { createDeliveries } from '../records/deliveries.ts';
import { endRecordsOfClient } from '../records/ended.ts';
import { createEndings, type Endings } from '../records/ending.ts';
import { createRecordLists } from '../records/listings.ts';
import { createOverview, endedIn, endSessions } from '../records/overview.ts';
import { openBackups } from './backups.ts';
import type { AppParts } from './infrastructure.ts';

/* The server and the `cardea` command build their stores here, so that both write the same rows. */

export interface StoreParts {
  readonly config: Config;
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  /** Default: nothing belongs to a request, as in a command. */
  readonly requestContext?: Pick<RequestContext, 'requestId' | 'traceparent'>;
}

/** @param parts `outbound` fetches the URLs in the metadata of clients */
export function createClientStores({
  config,
  db,
  now,
  outbound,
}: StoreParts & { readonly outbound: Outbound }): ClientStores {
  return {
    clients: createClients({
      db,
      now,
      endRecordsOf: endRecordsOfClient,
      serverPolicy: serverPolicyOf(config),
      ownScopes: [...OWN_SCOPES, ...PERMISSION_SCOPES],
      outbound,
    }),
    resourceServers: createResourceServers({ db, now, reserved: reservedOf(config.issuer) }),
    registrationTokens: createRegistrationTokens({ db, now }),
  };
}

/** @throws AppError 500 `sealed_value_unreadable` with another master key than that of the database */
export async function createAccountStores({
  config,
  db,
  sealer,
  now,
  requestContext,
}: StoreParts): Promise<AccountStores> {
  const indexKey = await loadServerSecret(db, sealer, ACCOUNT_INDEX_SECRET, now);
  const searchKey = await loadServerSecret(db, sealer, ACCOUNT_SEARCH_SECRET, now);
  const accounts = createAccounts({ db, sealer, indexKey, searchKey, now });
  return {
    accounts,
    attempts: createAttempts({ db, accounts, indexKey, now }),
    departed: createDeparted({ db, sealer, now }),
    devices: createDevices({ db, accounts, now, keptSeconds: config.kept.devices }),
    events: createEvents({ db, accounts, now, keptSeconds: config.kept.events }),
    links: createLinks({ db, sealer, people: accounts, now }),
    mails: createMails({ db, sealer, people: accounts, now, keptSeconds: config.kept.mails, requestContext }),
    overview: createOverview({ db, sealer, now, lifetimes: config.lifetimes }),
    lists: createRecordLists({ db, sealer, now, lifetimes: config.lifetimes }),
    deliveries: createDeliveries({ db, sealer, people: accounts, now }),
    sessionDetails: createSessionDetails({ db, accounts, now }),
  };
}

type Logged = StoreParts & { readonly log: Logger };

/** Starts threads that hash passwords; the caller must close the service. @param stores `personEvents` where people act */
export function openPasswords(
  stores: AccountStores & { readonly personEvents?: PersonEvents },
  {
    config,
    db,
    now,
    log,
    threads,
    startPasswordThread,
  }: Logged & Pick<AppParts, 'startPasswordThread'> & { readonly threads?: number },
): Promise<PasswordService> {
  const peppers = freshSecret(config, 'CARDEA_PASSWORD_PEPPER') ?? [];
  return createPasswordService(
    { ...config.passwords, peppers },
    {
      ...stores,
      db,
      endSessions,
      endedIn,
      now,
      log,
      names: namesOf(config),
      ...(threads === undefined ? {} : { threads }),
      ...(startPasswordThread ? { startWorker: startPasswordThread } : {}),
    },
  );
}

/** Authentication methods besides passwords; `personEvents` where people use them. Loads the library for passkeys, which takes much of a command's start time. */
export async function openFactors(
  { accounts, personEvents }: Pick<AccountStores, 'accounts'> & { readonly personEvents?: PersonEvents },
  { config, db, sealer, now, log }: Logged,
): Promise<Factors> {
  const { createPasskeys } = await import('../accounts/passkeys.ts');
  return {
    totp: createTotp({ db, accounts, issuer: config.name, now }),
    recoveryCodes: createRecoveryCodes({
      db,
      key: await loadServerSecret(db, sealer, RECOVERY_CODES_SECRET, now),
      now,
    }),
    passkeys: createPasskeys({
      db,
      accounts,
      issuer: config.issuer,
      name: config.name,
      now,
      async onCounterRegression(account, origin) {
        log.warn({ accountId: account.id }, 'a passkey was refused: its counter fell back, as that of a copy would');
        if (!personEvents) throw new Error('a passkey is used where the audit cannot tell of it');
        await db.transact(personEvents.record(account, 'passkey_refused', origin, { outcome: 'denied' }));
      },
    }),
  };
}

export async function openKeyRing({
  config,
  db,
  sealer,
  now,
  log,
  audit,
  secrets,
}: StoreParts & {
  readonly log?: Logger;
  readonly audit?: Audit;
  /** Of a server: the fingerprints of the secrets that it uses. */
  readonly secrets?: () => readonly string[];
}): Promise<KeyRing> {
  const { createKeyRing } = await import('../../keys/rotate.ts');
  return createKeyRing({
    // keys/ imports nothing of the server, so it declares the tables of the same database by itself.
    db: db.kysely as unknown as Kysely<KeyTables>,
    sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed' }),
    retired: {
      sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed_public' }),
      seconds: config.lifetimes.sessionAbsolute,
    },
    masterKeys: sealer.keyIds,
    ...(secrets ? { secrets } : {}),
    now,
    policy: keyPolicy(config.keys, signedLifetimes(config)),
    ...(log ? { log } : {}),
    ...(audit ? { tell: (done, version) => done.map((one) => keyEntry(audit, one, version)) } : {}),
  });
}

/** The entry of a key that the server itself has made, used or withdrawn. */
function keyEntry(audit: Audit, { do: change, kid, ring, state }: KeyChange, version: number): CompiledQuery {
  const { statement, values } = audit.append({
    actor: { kind: 'system', id: 'key rotation' },
    action: 'keys.change_state',
    target: { kind: 'key', id: kid },
    outcome: 'done',
    changes: {
      change: { after: change },
      ring: { after: ring },
      version: { after: version },
      ...(state === undefined ? {} : { state: { after: state } }),
    },
    requestId: randomUUID(),
  });
  return CompiledQuery.raw(statement.text, [...values]);
}

type Opened = Omit<
  Services,
  | 'groups'
  | 'roles'
  | 'texts'
  | 'audit'
  | 'destinations'
  | 'deadLetters'
  | 'declaredSettings'
  | 'migrations'
  | 'backups'
  | 'db'
  | 'endings'
  | 'signedUntil'
  | 'dataExports'
> & {
  /** Default: those that are made here. */
  readonly dataExports?: DataExports;
  readonly db: Db;
  readonly log: Logger;
  readonly outbound: Outbound;
};

/** Adds what ends tokens, from the other services. */
function withEndings(services: Omit<Services, 'endings' | 'signedUntil'>): Services {
  const { config, db, now, clients, keyRing } = services;

  /** Each key remembers the lifetimes that it signed with. */
  async function signedUntil(): Promise<Date> {
    const keys = (await (await keyRing()).list()).filter(
      ({ ring, state }) => ring !== COOKIE_RING && state !== 'retired',
    );
    const seconds = Math.max(signedLifetimes(config).tokens, ...keys.map((key) => key.signsForSeconds));
    return new Date(now() + 1_000 * seconds);
  }

  async function endings(): Promise<Endings> {
    const { accounts, events, overview } = await services.accountStores();
    return createEndings({
      db,
      overview,
      issuer: config.issuer.identifier,
      now,
      signedUntil,
      async onSessionsEnded(accountId) {
        return [events.append(await accounts.resolve(accountId), 'session_ended')];
      },
      accountIdOf: async (ref) => (await accounts.resolve(ref)).id,
      async assertClient(id) {
        if (!(await clients.find(id))) throw notFound('client', id);
      },
    });
  }

  return { ...services, endings, signedUntil };
}

/** Exports of what is stored about people. A page is made with the templates, which a command loads when it needs them. */
export function openDataExports(
  { config, db, sealer, now }: StoreParts,
  accountStores: () => Promise<Pick<AccountStores, 'accounts'>>,
): DataExports {
  const views = once(async () => (await import('../views/views.ts')).createViews(config.issuer.basePath));
  return createDataExports({
    db,
    sealer,
    now,
    issuer: config.issuer.identifier,
    accounts: async () => (await accountStores()).accounts,
    async page(data, { locale, zoneinfo }) {
      const { negotiate, personalData } = await views();
      return personalData(data, negotiate(locale), zoneinfo);
    },
  });
}

/**
 * The services of operations and what runs them.
 * @param opened the stores, as far as they are open
 * @param how the limits of a face that many can reach; and the audit, if it is open already
 */
export interface OperationLimits extends Pick<RunParts, 'recordsRefusal'> {
  /** Gives up a backup that is being made. */
  readonly stopping?: AbortSignal;
}

export function createOperations(
  opened: Opened,
  { audit, stopping, ...how }: OperationLimits & { readonly audit?: Audit } = {},
): { readonly runner: Runner; readonly services: Services } {
  const { db, sealer, now } = opened;
  const opening = once(() => openAudit({ db, sealer, now, issuer: opened.config.issuer.identifier }));
  const auditOn = async (on?: Db) =>
    on ? openAudit({ db: on, sealer, now, issuer: opened.config.issuer.identifier }) : (audit ?? opening());
  const named = (on: Db) => ({
    db: on,
    groups: createNamed('groups', { db: on, now }),
    roles: createNamed('roles', { db: on, now, fixed: builtinRoles() }),
    texts: createTexts({ db: on, now }),
    destinations: createDestinations({ db: on, sealer, now }),
    deadLetters: createDeadLetters({ db: on }),
    audit: createAuditLog({ db: on, open: auditOn }),
    declaredSettings: createDeclaredSettings(on),
    migrations: createMigrations(on),
    backups: openBackups({ ...opened, db: on, stopping }),
  });
  const dataExports = opened.dataExports ?? openDataExports(opened, opened.accountStores);
  const services = withEndings({ ...opened, ...named(db), dataExports });
  const results = createResults({
    db,
    sealer,
    now,
    secret: () => loadServerSecret(db, sealer, RESULTS_SECRET, now),
    people: async () => (await opened.accountStores()).accounts,
  });
  /** Keys alone are read outside the transaction: a plan about them fails when they are other ones within it. */
  const servicesOn = (on: Db): Services => {
    const parts = { ...opened, db: on };
    // Once, because a store knows the accounts alone that it has read itself.
    const accountStores = once(() => createAccountStores(parts));
    return withEndings({
      ...services,
      ...named(on),
      ...createClientStores(parts),
      accountStores,
      factors: async () => openFactors(await accountStores(), parts),
      passwords: async () =>
        (await opened.passwords()).on({ ...(await accountStores()), db: on, endSessions, endedIn, now }),
    });
  };
  const runner = createRunner({ ...how, db, audit: auditOn, results, services, servicesOn });
  return { services, runner };
}
