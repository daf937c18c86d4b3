import { createHash, randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { cookieKeys, jwks, signingKeys } from '../../keys/jwks.ts';
import { keyPolicy } from '../../keys/policy.ts';
import { silenceSeconds } from '../../keys/ring.ts';
import { createKeyRing } from '../../keys/rotate.ts';
import { CHANNEL as KEYS_CHANNEL, type KeyTables, type LoadedKeySet } from '../../keys/store.ts';
import type { Account } from '../accounts/account.ts';
import { claimsOf } from '../accounts/claims.ts';
import { SEEN_EVERY_MS } from '../accounts/session_details.ts';
import { heldTo, misfitOf, type ServerTerms } from '../clients/profiles.ts';
import { matchesSecret } from '../clients/secrets.ts';
import type { Client } from '../clients/store.ts';
import { signedLifetimes, termsOf } from '../config.ts';
import { createKeyFollower } from '../jobs/follow_keys.ts';
import { ACR } from '../login/assurance.ts';
import { type ClientCertificates, createClientCertificates } from '../oidc/client_certificates.ts';
import { type ConfigurationOptions, createConfiguration, SCOPES } from '../oidc/configuration.ts';
import { createDevicePages } from '../oidc/device_pages.ts';
import { type DpopOptions, NONCE_SECRET } from '../oidc/dpop.ts';
import { createPages } from '../oidc/pages.ts';
import { PAIRWISE_SECRET } from '../oidc/pairwise.ts';
import { type ClientForProvider, createProvider } from '../oidc/provider.ts';
import { createDocument, createServing, type Served } from '../oidc/serving.ts';
import { createStructuredTokens } from '../oidc/structured_tokens.ts';
import { unavailable } from '../platform/errors.ts';
import { fixedHeaders } from '../platform/http.ts';
import { createRecently } from '../platform/recently.ts';
import { columnSealer } from '../platform/sealing.ts';
import { loadServerSecret } from '../platform/server_secrets.ts';
import { createPolls } from '../records/polls.ts';
import { createUnits, type Unit, type Units } from '../records/unit.ts';
import { createUserCodes, USER_CODE_SECRET, type UserCodes } from '../records/user_codes.ts';
import type { Foundation } from './foundation.ts';
import type { People } from './people.ts';
import type { SelfRegistered } from './registration.ts';
import type { RelyingParties } from './relying_parties.ts';

/** Records, keys and the provider: what is served, and follows the key set. */
export type Protocol = Awaited<ReturnType<typeof createProtocol>>;

export async function createProtocol(
  foundation: Foundation,
  people: People,
  parties: RelyingParties,
  selfRegistered: SelfRegistered,
) {
  const { config, db, log, now, sealer, messenger, own } = foundation;
  const units = createUnits({ db, sealer, now, accountColumns: people.accounts.columns });
  const found = createAccountsOfRequest(units, people);
  const policy = keyPolicy(config.keys, signedLifetimes(config));
  const keyRing = createKeyRing({
    // The key room has a database type of its own; it is the same database.
    db: db.kysely as unknown as Kysely<KeyTables>,
    sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed' }),
    now,
    policy,
    log,
  });
  const certificates = createClientCertificates({
    ...config.clientCertificates,
    asked: config.tls?.asksForCertificates ?? false,
    trustedProxies: config.trustedProxies,
    now,
  });
  const secret = (name: string) => loadServerSecret(db, sealer, name, now);
  const dpop = { nonceSecret: await secret(NONCE_SECRET), nonceRequired: config.dpopNonceRequired };
  const pairwiseKey = await secret(PAIRWISE_SECRET);
  const userCodeKey = await secret(USER_CODE_SECRET);
  const userCodes = createUserCodes({ db, sealer, key: userCodeKey, now });
  const serve = createServe(foundation, people, parties, selfRegistered, units, found.find, {
    certificates,
    dpop,
    pairwiseKey,
    userCodes,
  });

  const nodeId = randomUUID();
  await keyRing.acknowledge(nodeId, 0);
  own(nodeId, (id) => keyRing.forgetNode(id).catch(() => {}));
  await keyRing.maintain();
  const serving = createServing(await serve(await keyRing.load()));
  const follower = createKeyFollower({
    keyRing,
    nodeId,
    uptime: () => performance.now(),
    silenceSeconds: silenceSeconds(policy),
    servedVersion: () => serving.current().version,
    take: async (set) => serving.swap(await serve(set)),
  });
  await follower.refresh();
  const refreshSoon = () =>
    void follower.refresh().catch((error) => log.warn({ error }, 'the new keys could not be loaded yet'));
  messenger.on(KEYS_CHANNEL, refreshSoon);
  messenger.onGap(refreshSoon);
  const assertCanSign = () => {
    if (!follower.isInTouch()) throw unavailable('the key ring');
  };
  return {
    units,
    keyRing,
    serving,
    follower,
    assertCanSign,
    certificates,
    findAccount: found.find,
    keepAccount: found.keep,
  };
}

/** Accounts are looked up once a request: what comes next in it is decided from them more than once. */
function createAccountsOfRequest(units: Units, { accounts }: People) {
  const byUnit = new WeakMap<Unit, Map<string, Promise<Account | undefined>>>();
  const known = (unit: Unit) => {
    const map = byUnit.get(unit) ?? new Map<string, Promise<Account | undefined>>();
    byUnit.set(unit, map);
    return map;
  };
  return {
    find(id: string): Promise<Account | undefined> {
      const unit = units.current();
      const row = unit.joinedAccount(id);
      if (row) return Promise.resolve(accounts.fromRow(row));
      const account = known(unit).get(id) ?? unit.attempt(accounts.findById(id));
      known(unit).set(id, account);
      return account;
    },
    keep(account: Account): void {
      known(units.current()).set(account.id, Promise.resolve(account));
    },
  };
}

/** Makes the provider of a key set, with all that goes with it. */
function createServe(
  { config, db, log, now, views, outbound, secure }: Foundation,
  { sessionDetails, secondFactorPolicy }: People,
  parties: RelyingParties,
  selfRegistered: SelfRegistered,
  units: Units,
  findAccount: (id: string) => Promise<Account | undefined>,
  parts: { certificates: ClientCertificates; dpop: DpopOptions; pairwiseKey: Buffer; userCodes: UserCodes },
) {
  const { issuer, lifetimes } = config;
  const terms = termsOf(config);
  const pages = createPages(views, async (id) => (await findAccount(id))?.locale);
  const devicePages = createDevicePages({ views, pages, findPerson: findAccount });
  const polls = createPolls({ db, now });
  const fixed = fixedHeaders(secure);
  const wasSeen = createRecently({ everyMs: SEEN_EVERY_MS, now });
  const forProvider = new WeakMap<Client, ClientForProvider>();
  const attempt = <T>(read: Promise<T>) => units.current().attempt(read);

  return async (set: LoadedKeySet): Promise<Served> => {
    const structured = createStructuredTokens({ issuer, jwks: signingKeys(set), now, units });
    const options: ConfigurationOptions = {
      issuer,
      acrValues: Object.values(ACR),
      uiLocales: views.locales,
      jwks: signingKeys(set),
      cookieKeys: cookieKeys(set),
      terms,
      lifetimes,
      now,
      units,
      pages,
      devicePages,
      outbound,
      ...parts,
      structured,
      async findAccount(id) {
        const account = await findAccount(id);
        if (!account || account.disabled) return undefined;
        return {
          accountId: account.id,
          claims: () => claimsOf(account),
          // Where browsers may be trusted, a session with one factor may well be as it should.
          secondFactorRequired: config.secondFactor.trustDeviceSeconds === 0 && secondFactorPolicy.isRequired(account),
        };
      },
      findResourceServer: (identifier) => attempt(parties.findResourceServer(identifier)),
      resourceScopes: (clientId, identifier) => attempt(parties.resourceScopes(clientId, identifier)),
      registration: selfRegistered,
      isFirstParty: async (clientId) => (await attempt(parties.find(clientId)))?.firstParty ?? false,
      requiresSecondFactor: async (clientId) => (await attempt(parties.find(clientId)))?.secondFactorRequired ?? false,
      claimMapping: async (clientId) => (await attempt(parties.find(clientId)))?.claimMapping ?? [],
      detailsTypes: config.detailsTypes,
    };
    const exchangePolicy = async (clientId: string) => (await attempt(parties.find(clientId)))?.tokenExchange ?? null;
    const { provider, handle, discovery } = await createProvider({
      issuer,
      terms,
      configuration: createConfiguration(options),
      exchange: { ...options, exchangePolicy },
      units,
      polls,
      pages,
      log,
      now,
      structured,
      async seen({ uid, accountId, userAgent, address }) {
        if (wasSeen(uid)) return [];
        const account = await findAccount(accountId);
        return account ? [sessionDetails.touch(uid, account, { userAgent, address })] : [];
      },
      used: selfRegistered.used,
      async findClient(id, address) {
        const client = await selfRegistered.find(id, address);
        if (!client || !parts.certificates.serve(client.metadata)) return undefined;
        const known = forProvider.get(client) ?? describeClient(client, terms, config.detailsTypes.names);
        forProvider.set(client, known);
        return known;
      },
    });
    const maxAgeSeconds = config.keys.jwksMaxAgeSeconds;
    return {
      version: set.version,
      provider,
      handle,
      jwks: createDocument({ ...jwks(set, { maxAgeSeconds }), type: 'application/jwk-set+json; charset=utf-8' }, fixed),
      discovery: createDocument(
        {
          body: discovery,
          etag: `"${createHash('sha256').update(discovery).digest('base64url')}"`,
          cacheControl: `public, max-age=${maxAgeSeconds}`,
          type: 'application/json; charset=utf-8',
        },
        fixed,
      ),
    };
  };
}

function describeClient(client: Client, server: ServerTerms, detailsTypes: readonly string[]): ClientForProvider {
  const { secretHash, id, name } = client;
  // Our own pages redeem no codes, so they need no more than the default profile, whatever the server's.
  const terms: ServerTerms = client.builtin ? { ...server, profile: 'oauth21' } : server;
  const { authorization_details_types: details = [], ...metadata } = heldTo(client.metadata, terms);
  const scope = metadata.scope.split(' ').filter((one) => (SCOPES as readonly string[]).includes(one));
  return {
    refusal: misfitOf(client.metadata, terms)?.why,
    metadata: {
      ...metadata,
      client_id: id,
      client_name: name,
      // The provider wants to see a secret where one is used; it never gets to compare it.
      ...(secretHash ? { client_secret: secretHash.toString('base64url') } : {}),
      // Scopes of resource servers are ours to judge; the provider knows its own alone.
      scope: scope.join(' '),
      // A type that the operator has taken away must not undo the client.
      authorization_details_types: details.filter((one) => detailsTypes.includes(one)),
    },
    matchesSecret: (presented) => matchesSecret(secretHash, presented),
  };
}
