import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { cookieKeys, jwks, signingKeys } from '../keys/jwks.ts';
import { keyPolicy } from '../keys/policy.ts';
import { silenceSeconds } from '../keys/ring.ts';
import { createKeyRing, type KeyRing } from '../keys/rotate.ts';
import { CHANNEL as KEYS_CHANNEL, type KeyTables, type LoadedKeySet } from '../keys/store.ts';
import type { Account } from './accounts/account.ts';
import { createAttempts } from './accounts/attempts.ts';
import { claimsOf } from './accounts/claims.ts';
import { createDevices } from './accounts/devices.ts';
import { createEvents } from './accounts/events.ts';
import { createLinks } from './accounts/links.ts';
import { createMailThrottle } from './accounts/mail_throttle.ts';
import { createMails, MAILS_CHANNEL } from './accounts/mails.ts';
import { CHALLENGE_SECRET, challengeFor, createPasskeys } from './accounts/passkeys.ts';
import { openPasswordRoom } from './accounts/password_room.ts';
import { createRecoveryCodes, RECOVERY_CODES_SECRET } from './accounts/recovery_codes.ts';
import { createSecondFactorPolicy } from './accounts/second_factors.ts';
import { createSessionDetails, SEEN_EVERY_MS, visitorDetails } from './accounts/session_details.ts';
import { createAccounts } from './accounts/store.ts';
import { createTotp } from './accounts/totp.ts';
import { createResourceServers, RESOURCE_SERVERS_CHANNEL } from './clients/resource_servers.ts';
import { matchesSecret } from './clients/secrets.ts';
import { CLIENTS_CHANNEL, type Client, createClients } from './clients/store.ts';
import { type Config, resolveMasterKeys, signedLifetimes } from './config.ts';
import { cleanUp, cleanUpLag } from './jobs/cleanup.ts';
import { createKeyFollower } from './jobs/follow_keys.ts';
import { createMailWorker } from './jobs/mail.ts';
import { createDrafts } from './jobs/mail_drafts.ts';
import { type Job, startJobs } from './jobs/runner.ts';
import { ACR } from './login/assurance.ts';
import { createDeviceCookie } from './login/device_cookie.ts';
import type { Progress } from './login/interactions.ts';
import { createNotices } from './login/notices.ts';
import { loginRoutes } from './login/routes.ts';
import { createConfiguration, LOGIN_PATH, SCOPES } from './oidc/configuration.ts';
import { createInteractions } from './oidc/interactions.ts';
import { mountProvider, pinned } from './oidc/mount.ts';
import { createPages } from './oidc/pages.ts';
import { type ClientForProvider, createProvider } from './oidc/provider.ts';
import { createDocument, createServing, type Served } from './oidc/serving.ts';
import { ACCOUNT_CLIENT_ID, createSessions, SIGNED_IN_PATH } from './oidc/sessions.ts';
import { createCache } from './platform/cache.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createCsrf } from './platform/csrf.ts';
import type { Db } from './platform/db.ts';
import { unavailable } from './platform/errors.ts';
import { createHttp, fixedHeaders } from './platform/http.ts';
import {
  type Counter,
  createLimits,
  createMemoryCounter,
  LIMIT_WINDOW_MS,
  limitStore,
  subnet,
} from './platform/limits.ts';
import type { Logger } from './platform/log.ts';
import { createOutboxMailer, createSmtpMailer } from './platform/mail.ts';
import { startMessenger } from './platform/messenger.ts';
import { createRecently } from './platform/recently.ts';
import { createRedisCounter } from './platform/redis.ts';
import { columnSealer, createSealer } from './platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from './platform/server_secrets.ts';
import { createOverview, endSessions } from './records/overview.ts';
import { createUnits, type Unit } from './records/unit.ts';
import { createChallenges } from './selfservice/challenges.ts';
import { FORGOT_PATH } from './selfservice/forgot.ts';
import { publicRoutes } from './selfservice/public.ts';
import { accountRoutes } from './selfservice/routes.ts';
import { SIGN_UP_PATH } from './selfservice/sign_up.ts';
import { createViews } from './views/views.ts';
import { demoRoutes } from './welcome/demo.ts';
import { assertNoDemoData, DEMO_EMAIL, DEMO_PASSWORD, seedDemo } from './welcome/demo_data.ts';
import { frontRoutes } from './welcome/front.ts';
import { outboxRoutes } from './welcome/outbox.ts';

export interface AppParts {
  readonly config: Config;
  readonly db: Db;
  readonly log: Logger;
  readonly now?: Clock;
}

export interface App {
  readonly http: FastifyInstance;
  readonly keyRing: KeyRing;
  /** Lets requests finish, then closes everything but the database. */
  close(): Promise<void>;
}

const PACKAGE = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** How many forms an address may send for each wrong answer that it may give. */
const FORMS_PER_FAILURE = 10;
/** A queued mail is sent at once; this is for those that are tried again, and should a notification have been lost. */
const MAIL_EVERY_MS = 30_000;
const CLEANUP_EVERY_MS = 60_000;
/** What has expired is normally gone within two turns. */
const CLEANUP_LAG_SECONDS = 300;

/** The composition root: the only place that knows every part. */
export async function createApp({ config, db, log, now = systemClock }: AppParts): Promise<App> {
  const { issuer, lifetimes } = config;
  await using opened = new AsyncDisposableStack();
  const own = <T>(part: T, close: (part: T) => unknown): T => opened.adopt(part, async () => void (await close(part)));

  // ---- what everything rests on ----
  const sealer = createSealer(resolveMasterKeys(config));
  const messenger = own(
    await startMessenger({
      db,
      log,
      channels: [KEYS_CHANNEL, CLIENTS_CHANNEL, RESOURCE_SERVERS_CHANNEL, MAILS_CHANNEL],
    }),
    (line) => line.close(),
  );
  const counter: Counter = config.redisUrl
    ? own(await createRedisCounter({ url: config.redisUrl, log, now }), (redis) => redis.close())
    : createMemoryCounter(now);
  const limits = createLimits({ counter, max: config.rateLimit, now });
  const views = createViews();
  const outbox = join(config.dataDir, 'outbox');
  const sender = { from: config.mailFrom, domain: issuer.hostname, now };
  const mailer = config.smtp
    ? own(createSmtpMailer(config.smtp, sender), (one) => one.close())
    : config.production
      ? undefined
      : createOutboxMailer(outbox, sender);

  // ---- people and relying parties ----
  const indexKey = await loadServerSecret(db, sealer, ACCOUNT_INDEX_SECRET, now);
  const accounts = createAccounts({ db, sealer, indexKey, now });
  const attempts = createAttempts({ db, accounts, indexKey, now });
  const devices = createDevices({ db, now });
  const events = createEvents({ db, accounts, now });
  const mails = createMails({ db, sealer, now });
  const links = createLinks({ db, sealer, now });
  const throttle = createMailThrottle({ counter, indexKey, now });
  const sessionDetails = createSessionDetails({ db, accounts, now });
  const wasSeen = createRecently({ everyMs: SEEN_EVERY_MS, now });
  const passwordRoom = own(await openPasswordRoom(config.passwords, { db, accounts, devices, log }), (room) =>
    room.close(),
  );
  const { passwords } = passwordRoom;
  const totp = createTotp({ db, accounts, issuer: config.name, now });
  const recoveryCodesKey = await loadServerSecret(db, sealer, RECOVERY_CODES_SECRET, now);
  const recoveryCodes = createRecoveryCodes({ db, key: recoveryCodesKey, now });
  const passkeys = createPasskeys({
    db,
    accounts,
    issuer,
    name: config.name,
    now,
    async onCounterRegression(account) {
      log.warn({ accountId: account.id }, 'a passkey was refused: its counter fell back, as that of a copy would');
      await db.transact([events.append(account, 'passkey_refused')]);
    },
  });
  const challengeSecret = await loadServerSecret(db, sealer, CHALLENGE_SECRET, now);
  const secondFactorPolicy = createSecondFactorPolicy(config.secondFactor);
  const clients = createClients({ db, now });
  const resourceServers = createResourceServers({ db, now });
  await clients.ensureBuiltin({
    id: ACCOUNT_CLIENT_ID,
    name: 'Cardea',
    metadata: {
      redirect_uris: [issuer.origin + SIGNED_IN_PATH],
      post_logout_redirect_uris: [`${issuer.origin}/`],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      application_type: 'web',
      scope: 'openid',
    },
  });
  if (config.production) await assertNoDemoData({ accounts, clients });
  const clientCache = createCache({ load: clients.find, messenger, channel: CLIENTS_CHANNEL, now });
  const resourceServerCache = createCache({
    load: resourceServers.find,
    messenger,
    channel: RESOURCE_SERVERS_CHANNEL,
    now,
  });
  const forProvider = new WeakMap<Client, ClientForProvider>();
  const registeredScope = async (clientId: string) =>
    (await clientCache.get(clientId))?.metadata.scope?.split(' ') ?? [];
  const resourceScopes = async (clientId: string, resource: string) => {
    const registered = await registeredScope(clientId);
    return (await resourceServerCache.get(resource))?.scopes.filter((scope) => registered.includes(scope)) ?? [];
  };

  // ---- records, keys and the provider ----
  const units = createUnits({ db, sealer, now, accountColumns: accounts.columns });
  // Looked up once a request: what comes next is decided from it more than once.
  const seenAccounts = new WeakMap<Unit, Map<string, Promise<Account | undefined>>>();
  const accountsOfRequest = () => {
    const unit = units.current();
    const known = seenAccounts.get(unit) ?? new Map<string, Promise<Account | undefined>>();
    seenAccounts.set(unit, known);
    return known;
  };
  const findAccount = (id: string) => {
    const unit = units.current();
    const row = unit.joinedAccount(id);
    if (row) return Promise.resolve(accounts.fromRow(row));
    const known = accountsOfRequest();
    const account = known.get(id) ?? unit.attempt(accounts.findById(id));
    known.set(id, account);
    return account;
  };
  const pages = createPages(views);
  const policy = keyPolicy(config.keys, signedLifetimes(config));
  const keyRing = createKeyRing({
    // The key room has a database type of its own; it is the same database.
    db: db.kysely as unknown as Kysely<KeyTables>,
    sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed' }),
    now,
    policy,
    log,
  });

  const secure = issuer.protocol === 'https:';
  const fixed = fixedHeaders(secure);

  async function serve(set: LoadedKeySet): Promise<Served> {
    const configuration = createConfiguration({
      issuer,
      acrValues: Object.values(ACR),
      jwks: signingKeys(set),
      cookieKeys: cookieKeys(set),
      defaultAlg: config.keys.rings[0] ?? 'RS256',
      lifetimes,
      now,
      units,
      pages,
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
      findResourceServer: (identifier) => units.current().attempt(resourceServerCache.get(identifier)),
      registeredScope: (clientId) => units.current().attempt(registeredScope(clientId)),
      isFirstParty: async (clientId) => (await units.current().attempt(clientCache.get(clientId)))?.firstParty ?? false,
      requiresSecondFactor: async (clientId) =>
        (await units.current().attempt(clientCache.get(clientId)))?.secondFactorRequired ?? false,
    });
    const { provider, handle, discovery } = await createProvider({
      issuer,
      configuration,
      units,
      pages,
      log,
      async seen({ uid, accountId, userAgent, address }) {
        if (wasSeen(uid)) return [];
        const account = await findAccount(accountId);
        return account ? [sessionDetails.touch(uid, account, { userAgent, address })] : [];
      },
      async findClient(id) {
        const client = await clientCache.get(id);
        if (!client) return undefined;
        const known = forProvider.get(client) ?? describeClient(client);
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
  }

  const nodeId = randomUUID();
  await keyRing.acknowledge(nodeId, 0);
  opened.defer(() => keyRing.forgetNode(nodeId).catch(() => {}));
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

  // ---- the edge ----
  const http = createHttp({
    log,
    secure,
    trustedProxies: config.trustedProxies,
    renderError: ({ status, error, description, requestId }, request) =>
      views.render(
        'error',
        { status, error, description, requestId },
        views.negotiate(undefined, request.headers['accept-language']),
      ),
  });
  await http.register(rateLimit, {
    global: false,
    // Right answers are counted here as well, since each costs a hash; a busy household must not meet this one.
    max: config.rateLimit * FORMS_PER_FAILURE,
    timeWindow: LIMIT_WINDOW_MS,
    keyGenerator: (request) => subnet(request.ip),
    store: limitStore(counter),
  });
  await http.register(async (scope) => {
    await mountProvider(scope, {
      issuer,
      units,
      serving,
      limits,
      assertCanSign() {
        if (!follower.isInTouch()) throw unavailable('the key ring');
      },
    });
  });
  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers(); // a form is a form: no JSON
    await scope.register(formbody);
    await scope.register(cookie);
    await loginRoutes(scope, {
      path: LOGIN_PATH,
      csrf: createCsrf(await loadServerSecret(db, sealer, 'csrf', now)),
      deviceCookie: createDeviceCookie(secure),
      inUnit: (work) => units.run(work),
      limit: { rateLimit: {} },
      parts: {
        views,
        now,
        limits,
        passwords,
        findAccount,
        keepAccount: (account) => void accountsOfRequest().set(account.id, Promise.resolve(account)),
        attempts,
        devices,
        transaction: {
          also: (bound) => units.current().also(bound),
          provided: (bound) => units.current().provided(bound),
        },
        notices: createNotices({ db, mails, events }),
        passwordPolicy: passwordRoom.policy,
        changePassword: passwordRoom.change.set,
        upgradeIfOutdated: passwordRoom.upgradeIfOutdated,
        requireEpoch: accounts.requireEpoch,
        totp,
        recoveryCodes,
        passkeys,
        secondFactorPolicy,
        passkeyChallenge: (visitUid) => challengeFor(challengeSecret, visitUid),
        trustDeviceSeconds: config.secondFactor.trustDeviceSeconds,
        sideWays: {
          ...(mailer ? { forgotUrl: FORGOT_PATH } : {}),
          ...(mailer && config.signUp ? { signUpUrl: SIGN_UP_PATH } : {}),
        },
        resourceServerName: async (identifier) => (await resourceServerCache.get(identifier))?.name ?? identifier,
      },
      interactions: createInteractions<Progress>({
        issuer,
        serving,
        units,
        scopes: SCOPES,
        prepare: (request) => pinned(request, issuer),
        resourceScopes,
        async findClient(id) {
          const client = await clientCache.get(id);
          if (!client) return undefined;
          const { client_uri: uri, logo_uri: logoUri } = client.metadata;
          const { name, firstParty, secondFactorRequired } = client;
          return {
            id,
            name,
            firstParty,
            secondFactorRequired,
            ...(uri ? { uri } : {}),
            ...(logoUri ? { logoUri } : {}),
          };
        },
      }),
    });
  });
  if (mailer) {
    await http.register(async (scope) => {
      scope.removeAllContentTypeParsers(); // a form is a form: no JSON
      await scope.register(formbody);
      await scope.register(cookie);
      await publicRoutes(scope, {
        views,
        csrf: createCsrf(await loadServerSecret(db, sealer, 'csrf', now)),
        secure,
        limits,
        throttle,
        mails,
        links,
        accounts,
        passwordChange: passwordRoom.change,
        signUp: config.signUp,
        limit: { rateLimit: {} },
        transact: db.transact,
        endSessions,
        unlock: attempts.unlock,
        event: events.append,
        origin: (request) => visitorDetails({ userAgent: request.headers['user-agent'], address: request.ip }),
        passwordRules: passwordRoom.policy.rules,
      });
    });
  }
  if (!config.smtp && !config.production) await http.register(outboxRoutes, { views, issuer, folder: outbox });
  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers(); // a form is a form: no JSON
    await scope.register(formbody);
    await scope.register(cookie);
    await accountRoutes(scope, {
      sessions: createSessions({ issuer, serving, units, sealer, now }),
      csrf: createCsrf(await loadServerSecret(db, sealer, 'csrf', now)),
      now,
      twoFactorsAcr: ACR.twoFactors,
      deviceTokenOf: createDeviceCookie(secure).read,
      limit: { rateLimit: {} },
      parts: {
        views,
        accounts,
        events,
        mails,
        overview: createOverview({ db, sealer, now }),
        sessionDetails,
        totp,
        recoveryCodes,
        passkeys,
        challenges: createChallenges({ sealer, now }),
        passwordChange: passwordRoom.change,
        passwordRules: passwordRoom.policy.rules,
        sendsMail: mailer !== undefined,
        transact: db.transact,
        async findApp(id) {
          const client = await clientCache.get(id);
          if (!client) return undefined;
          const { client_uri: uri, logo_uri: logoUri } = client.metadata;
          const { name, firstParty, builtin } = client;
          return { name, firstParty, builtin, ...(uri ? { uri } : {}), ...(logoUri ? { logoUri } : {}) };
        },
        resourceServerName: async (identifier) => (await resourceServerCache.get(identifier))?.name ?? identifier,
      },
    });
  });
  await http.register(frontRoutes, {
    views,
    issuer,
    version: PACKAGE.version,
    demo: config.demo ? { email: DEMO_EMAIL, password: DEMO_PASSWORD } : undefined,
    documentation: readFileSync(new URL('../README.md', import.meta.url)),
    async isReady() {
      await db.run({ name: 'ready', text: 'SELECT 1' }, []);
    },
  });
  if (config.demo) {
    await seedDemo({ issuer, accounts, clients, hash: passwords.hash });
    await http.register(async (scope) => {
      scope.removeAllContentTypeParsers(); // a form is a form: no JSON
      await scope.register(formbody);
      await scope.register(cookie);
      await demoRoutes(scope, { issuer, views, now });
    });
  }

  // ---- work that nobody asks for ----
  const mailJobs: Job[] = [];
  if (mailer) {
    const draft = createDrafts({ accounts, links, views, throttle, issuer });
    const worker = own(createMailWorker({ mails, draft, mailer, db, now, log }), (one) => one.stop());
    messenger.on(MAILS_CHANNEL, worker.wake);
    messenger.onGap(worker.wake);
    mailJobs.push({ name: 'mail', everyMs: MAIL_EVERY_MS, run: worker.run });
    worker.wake();
  } else {
    log.warn('nobody is mailed: CARDEA_SMTP_URL is not set');
  }
  own(
    startJobs(
      [
        ...mailJobs,
        {
          name: 'keys',
          everyMs: config.keys.pollSeconds * 1000,
          async run() {
            await keyRing.maintain();
            await follower.refresh();
          },
        },
        {
          name: 'cleanup',
          everyMs: CLEANUP_EVERY_MS,
          async run() {
            const removed = await cleanUp({ db, now });
            if (removed > 0) log.debug({ removed }, 'expired rows removed');
            const lagSeconds = await cleanUpLag({ db, now });
            if (lagSeconds > CLEANUP_LAG_SECONDS) log.warn({ lagSeconds }, 'expired rows pile up');
          },
        },
      ],
      log,
    ),
    (jobs) => jobs.stop(),
  );

  const everything = opened.move();
  return {
    http,
    keyRing,
    async close() {
      await http.close();
      await everything.disposeAsync();
    },
  };
}

function describeClient(client: Client): ClientForProvider {
  const { metadata, secretHash, id, name } = client;
  const scope = metadata.scope.split(' ').filter((one) => (SCOPES as readonly string[]).includes(one));
  return {
    metadata: {
      ...metadata,
      client_id: id,
      client_name: name,
      // The provider wants to see a secret where one is used; it never gets to compare it.
      ...(secretHash ? { client_secret: secretHash.toString('base64url') } : {}),
      // Scopes of resource servers are ours to judge; the provider knows its own alone.
      scope: scope.join(' '),
    },
    matchesSecret: (presented) => matchesSecret(secretHash, presented),
  };
}
