import { createHash } from 'node:crypto';
import { activeKey, cookieKeys, jwks, publicKeys, signingKeys } from '../../keys/jwks.ts';
import type { LoadedKeySet } from '../../keys/store.ts';
import type { Account } from '../accounts/account.ts';
import { claimsOf } from '../accounts/claims.ts';
import { SEEN_EVERY_MS } from '../accounts/session_details.ts';
import { isOwnSubject, subjectOf } from '../accounts/subjects.ts';
import { applyProfile, profileViolation, type ServerPolicy } from '../clients/profiles.ts';
import { scopesOf } from '../clients/scopes.ts';
import { matchesSecret } from '../clients/secrets.ts';
import type { Client } from '../clients/store.ts';
import { serverPolicyOf } from '../config.ts';
import type { Admission } from '../oidc/admission.ts';
import type { ClientCertificates } from '../oidc/client_certificates.ts';
import type { ClientForProvider } from '../oidc/client_lookup.ts';
import { type ConfigurationOptions, createConfiguration, SCOPES } from '../oidc/configuration.ts';
import { createDevicePages } from '../oidc/device_pages.ts';
import type { DpopOptions } from '../oidc/dpop.ts';
import { createFetching } from '../oidc/fetching.ts';
import { createJwtAccessTokens } from '../oidc/jwt_access_tokens.ts';
import { createPages } from '../oidc/pages.ts';
import { createProvider } from '../oidc/provider.ts';
import { createDocument, type Served } from '../oidc/serving.ts';
import { createSign } from '../oidc/sign.ts';
import { isRedirectAllowed } from '../oidc/unregistered_clients.ts';
import { createUserCodeLimits } from '../oidc/user_code_limits.ts';
import { fixedHeaders } from '../platform/http.ts';
import { createLimits } from '../platform/limits.ts';
import { createRecently } from '../platform/recently.ts';
import { createPolls } from '../records/polls.ts';
import type { RepeatedForms } from '../records/repeated_forms.ts';
import type { StatusLists } from '../records/status_lists.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';
import type { WaitingRequests } from '../records/waiting_requests.ts';
import type { AccountServices } from './accounts.ts';
import type { RequiredAcr } from './assurance.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { RegistrationServices } from './registration.ts';

/** People whom a client does not find, a minute (CIBA Core 1.0 §13 `unknown_user_id`). */
const MAX_WRONG_HINTS = 20;

/** Makes the provider of a key set, with all that goes with it. */
export function createServe(
  { config, db, log, now, views, outbound, counter, limits, mailer, secure }: Infrastructure,
  { accounts, mails, sessionDetails, secondFactorPolicy }: AccountServices,
  clientServices: ClientServices,
  selfRegistered: RegistrationServices,
  units: Units,
  findAccount: (id: string) => Promise<Account | undefined>,
  parts: {
    requiredAcr: RequiredAcr;
    statusLists: StatusLists | undefined;
    certificates: ClientCertificates;
    dpop: DpopOptions;
    pairwiseKey: Buffer;
    userCodes: UserCodes;
    waiting: WaitingRequests;
    repeatedForms: RepeatedForms;
    admission: Admission;
    assertCanSign: () => void;
  },
) {
  const { issuer, lifetimes } = config;
  const serverPolicy = serverPolicyOf(config);
  const defaultAlg = config.keys.rings[0] ?? 'RS256';
  const attempt = <T>(read: Promise<T>) => units.current().trackRead(read);
  const isRegistered = async (clientId: string) => (await attempt(clientServices.find(clientId)))?.kind === 'operator';
  const pages = createPages(
    views,
    async (id) => (await findAccount(id))?.locale,
    (ctx) => isRedirectAllowed(ctx, isRegistered),
  );
  const devicePages = createDevicePages({ views, pages, findPerson: findAccount });
  const polls = createPolls({ db, now });
  const fetching = createFetching({ outbound, units, log, now });
  const fixed = fixedHeaders(secure);
  const wasSeen = createRecently({ everyMs: SEEN_EVERY_MS, now });
  const userCodeLimits = createUserCodeLimits({ counter, max: config.rateLimit, now });
  const hintLimits = createLimits({ counter, max: Math.min(MAX_WRONG_HINTS, config.rateLimit), now });
  const forProvider = new WeakMap<Client, ClientForProvider>();

  return async (set: LoadedKeySet): Promise<Served> => {
    const structured = createJwtAccessTokens({
      issuer,
      jwks: publicKeys(set),
      now,
      units,
      statusLists: parts.statusLists,
    });
    const options: ConfigurationOptions = {
      issuer,
      uiLocales: views.locales,
      jwks: signingKeys(set),
      cookieKeys: cookieKeys(set),
      serverPolicy,
      lifetimes,
      now,
      units,
      pages,
      devicePages,
      fetching,
      ...parts,
      structured,
      async findAccount(id) {
        const account = await findAccount(id);
        if (!account || account.disabled) return undefined;
        return {
          accountId: account.id,
          claims: () => claimsOf(account),
        };
      },
      async publicSubjectOf(accountId) {
        const account = await findAccount(accountId);
        return account ? subjectOf(account) : accountId;
      },
      async accountOf(publicSubject) {
        return isOwnSubject(publicSubject) ? publicSubject : (await attempt(accounts.findBySubject(publicSubject)))?.id;
      },
      findResourceServer: (identifier) => attempt(clientServices.findResourceServer(identifier)),
      resourceScopes: (clientId, identifier) => attempt(clientServices.resourceScopes(clientId, identifier)),
      registeredScope: (clientId) => attempt(clientServices.registeredScope(clientId)),
      async registeredDetails(clientId) {
        const registered = (await attempt(clientServices.find(clientId)))?.metadata.authorization_details_types ?? [];
        return registered.filter((type) => config.detailsTypes.names.includes(type));
      },
      mayIntrospect: (clientId, audiences) => attempt(clientServices.mayIntrospect(clientId, audiences)),
      registration: selfRegistered,
      isFirstParty: async (clientId) => (await attempt(clientServices.find(clientId)))?.firstParty ?? false,
      // A person who has a second factor may have signed in with one on a browser that they trust.
      requiredAcr: (facts) => parts.requiredAcr({ ...facts, trusted: secondFactorPolicy.allowsTrustedBrowsers }),
      claimMapping: async (clientId) => (await attempt(clientServices.find(clientId)))?.claimMapping ?? [],
      detailsTypes: config.detailsTypes,
      ciba: {
        units,
        waiting: parts.waiting,
        hintLimits,
        findPerson: accounts.findByIdentifier,
        async notify(accountId, clientId) {
          const app = mailer ? await clientServices.find(clientId) : undefined;
          if (!app) return [];
          // What a client calls itself is a stranger's text: only a name that an operator has given gets into a mail.
          const details = app.kind === 'operator' ? { app: app.name } : {};
          return [mails.enqueue({ kind: 'request_waiting', accountId, source: clientId, details })];
        },
      },
    };
    const exchangePolicy = async (clientId: string) =>
      (await attempt(clientServices.find(clientId)))?.tokenExchange ?? null;
    const { provider, handle, discovery } = await createProvider({
      issuer,
      serverPolicy,
      configuration: createConfiguration(options),
      fetching,
      exchange: { ...options, exchangePolicy },
      units,
      polls,
      admission: parts.admission,
      pages,
      log,
      now,
      jwtAccessTokens: structured,
      forms: parts.repeatedForms,
      authenticationLimits: limits,
      userCodeLimits,
      certificates: parts.certificates,
      assertCanSign: parts.assertCanSign,
      retiredKeys: set.retired,
      isRegistered,
      async sessionStatements({ uid, accountId, userAgent, address }) {
        if (wasSeen(uid)) return [];
        const account = await findAccount(accountId);
        return account ? [sessionDetails.touch(uid, account, { userAgent, address })] : [];
      },
      clientUseStatements: selfRegistered.used,
      async findClient(id, address) {
        const client = await selfRegistered.find(id, address);
        if (!client || !parts.certificates.serve(client.metadata)) return undefined;
        const known = forProvider.get(client) ?? describeClient(client, serverPolicy, config.detailsTypes.names);
        forProvider.set(client, known);
        return known;
      },
    });
    const maxAgeSeconds = config.keys.jwksMaxAgeSeconds;
    return {
      version: set.version,
      provider,
      handle,
      sign: createSign(activeKey(set, defaultAlg), defaultAlg),
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

function describeClient(client: Client, server: ServerPolicy, detailsTypes: readonly string[]): ClientForProvider {
  const { secretHash, id, name } = client;
  // Our own pages redeem no codes, so they need no more than the default profile, whatever the server's.
  const serverPolicy: ServerPolicy = client.builtin ? { ...server, profile: 'oauth21' } : server;
  const {
    authorization_details_types: details = [],
    // Ours to call, see oidc/ciba_notifications.ts.
    backchannel_client_notification_endpoint: _endpoint,
    ...metadata
  } = applyProfile(client.metadata, serverPolicy);
  const scope = scopesOf(client).filter((one) => (SCOPES as readonly string[]).includes(one));
  return {
    refusal: profileViolation(client.metadata, serverPolicy)?.why,
    isOperators: client.kind === 'operator',
    hasSecret: secretHash !== null,
    metadata: {
      ...metadata,
      client_id: id,
      client_name: name,
      // Scopes of resource servers are ours to judge; the provider knows its own alone.
      scope: scope.join(' '),
      // A type that the operator has taken away must not undo the client.
      authorization_details_types: details.filter((one) => detailsTypes.includes(one)),
    },
    matchesSecret: (presented) => matchesSecret(secretHash, presented),
  };
}
