import { createHash } from 'node:crypto';
import {
  activeKey,
  byAlgorithm,
  cookieKeys,
  derivedSecrets,
  jwks,
  signingKeys,
  verifyingKeys,
} from '../../keys/jwks.ts';
import type { LoadedKeySet } from '../../keys/store.ts';
import type { StoredRequiredAcr } from '../accounts/assurance.ts';
import { SEEN_EVERY_MS } from '../accounts/session_details.ts';
import { serverPolicyOf } from '../config.ts';
import { type ApiAccessParts, createApiAccess } from '../oidc/api_access.ts';
import type { ClientCertificates } from '../oidc/client_certificates.ts';
import { type ConfigurationOptions, createConfiguration } from '../oidc/configuration.ts';
import { createDevicePages } from '../oidc/device_pages.ts';
import { createFetching } from '../oidc/fetching.ts';
import { createJwtAccessTokens } from '../oidc/jwt_access_tokens.ts';
import { createPages } from '../oidc/pages.ts';
import { createProvider } from '../oidc/provider.ts';
import type { Served } from '../oidc/serving.ts';
import { createSign } from '../oidc/sign.ts';
import type { UnfinishedLimits } from '../oidc/unfinished_limits.ts';
import { isRedirectAllowed } from '../oidc/unregistered_clients.ts';
import { createDocument } from '../platform/documents.ts';
import { fixedHeaders } from '../platform/http.ts';
import { createRecently } from '../platform/recently.ts';
import type { AccountServices } from './accounts.ts';
import { createCibaParts } from './ciba.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import { createAccountReads, createClientReads } from './protocol_reads.ts';
import { createProviderClients } from './provider_clients.ts';
import type { RecordServices } from './records.ts';
import type { RegistrationServices } from './registration.ts';
import type { RequestAccounts } from './request_accounts.ts';

export interface ServeParts {
  readonly infrastructure: Infrastructure;
  readonly accountServices: AccountServices;
  readonly clientServices: ClientServices;
  readonly registration: RegistrationServices;
  readonly records: RecordServices;
  readonly requestAccounts: RequestAccounts;
  readonly requiredAcr: StoredRequiredAcr;
  readonly certificates: ClientCertificates;
  readonly nonceRequired: ConfigurationOptions['dpop']['nonceRequired'];
  readonly pairwiseKey: Buffer;
  readonly unfinishedLimits: UnfinishedLimits;
  readonly permissionsOfRoles: ApiAccessParts['permissionsOfRoles'];
  /** @throws AppError 503 when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
}

/** @returns a function that creates the provider of a key set, and the documents that are served beside it */
export function createServe(parts: ServeParts): (set: LoadedKeySet) => Promise<Served> {
  const { accountServices, clientServices, registration, records, requestAccounts, certificates } = parts;
  const { config, csrf, log, now, views, outbound, limits, secure } = parts.infrastructure;
  const { secondFactorPolicy, sessionDetails, texts } = accountServices;
  const { units, polls, statusLists, userCodes } = records;
  const { issuer, detailsTypes, lifetimes } = config;
  const serverPolicy = serverPolicyOf(config);
  const clientReads = createClientReads(clientServices, units, detailsTypes.names);
  const { isRegistered } = clientReads;
  const allowsRedirect = (ctx: Parameters<typeof isRedirectAllowed>[0]) => isRedirectAllowed(ctx, isRegistered);
  const pages = createPages(views, async (id) => (await requestAccounts.find(id))?.locale, allowsRedirect);
  const fetching = createFetching({ outbound, units, log, now });
  const wasSeen = createRecently({ everyMs: SEEN_EVERY_MS, now });
  const findClient = createProviderClients({
    registration,
    certificates,
    serverPolicy,
    detailsTypes: detailsTypes.names,
    now,
  });
  /** The options that do not depend on the key set. */
  const common = {
    issuer,
    uiLocales: views.locales,
    serverPolicy,
    lifetimes,
    now,
    units,
    userCodes,
    pages,
    devicePages: createDevicePages({ views, pages, findPerson: requestAccounts.find }),
    fetching,
    confirmLogout: config.confirmLogout,
    isRedirectAllowed: allowsRedirect,
    pairwiseKey: parts.pairwiseKey,
    certificates,
    registration,
    detailsTypes,
    audienceParameter: config.audienceParameter,
    ...clientReads,
    ...createAccountReads(requestAccounts, accountServices, units),
    // A person who has a second factor may have signed in with one on a browser that they trust.
    requiredAcr: (facts) => parts.requiredAcr({ ...facts, trusted: secondFactorPolicy.allowsTrustedBrowsers }),
    async mustAcceptTexts(accountId) {
      const account = await requestAccounts.find(accountId);
      return account !== undefined && (await texts.missing(account)).length > 0;
    },
    ciba: createCibaParts(parts.infrastructure, accountServices, clientServices, records, requestAccounts),
  } satisfies Partial<ConfigurationOptions>;

  const apiAccess: ApiAccessParts = {
    ...common,
    resource: clientServices.apiResource,
    findClient: clientServices.findSince,
    findAccount: requestAccounts.find,
    ownerOf: accountServices.accounts.ownerOf,
    permissionsOfRoles: parts.permissionsOfRoles,
    assertCanSign: parts.assertCanSign,
  };

  return async (set) => {
    const jwks = verifyingKeys(set);
    const jwtAccessTokens = createJwtAccessTokens({ issuer, jwks, now, units, statusLists });
    csrf.renew(derivedSecrets(set, 'forms'));
    const nonceSecrets = derivedSecrets(set, 'nonces of DPoP proofs');
    const options = {
      ...common,
      jwks: signingKeys(set),
      cookieKeys: cookieKeys(set),
      dpop: { nonceSecrets, nonceRequired: parts.nonceRequired },
      jwtAccessTokens,
    };
    const { provider, handle, discovery } = await createProvider({
      issuer,
      serverPolicy,
      configuration: createConfiguration(options),
      fetching,
      exchange: options,
      nonceSecrets,
      units,
      polls,
      unfinishedLimits: parts.unfinishedLimits,
      pages,
      log,
      now,
      jwtAccessTokens,
      forms: records.repeatedForms,
      authenticationLimit: limits['client-authentication'].address,
      endpointLimits: limits,
      refreshLimit: limits['refresh-loop'].grant,
      userCodeLimits: limits['user-codes'],
      certificates,
      assertCanSign: parts.assertCanSign,
      retiredKeys: set.retired.flatMap(({ publicJwk, until }) =>
        byAlgorithm(publicJwk).map((jwk) => ({ publicJwk: jwk, until })),
      ),
      isRegistered,
      async sessionStatements({ uid, accountId, userAgent, address }) {
        if (wasSeen(uid)) return [];
        const account = await requestAccounts.find(accountId);
        return account ? [sessionDetails.touch(uid, account, { userAgent, address })] : [];
      },
      audit: parts.infrastructure.audit,
      findPerson: requestAccounts.find,
      sealerOf: accountServices.accounts.sealerOf,
      clientUseStatements: registration.used,
      findClient,
    });
    const alg = config.keys.rings[0] ?? 'RS256';
    return {
      version: set.version,
      provider,
      handle,
      sign: createSign(activeKey(set, alg), alg),
      apiAccess: createApiAccess(apiAccess, { provider, jwks }),
      ...documentsOf(set, discovery, { maxAgeSeconds: config.keys.jwksMaxAgeSeconds, secure }),
    };
  };
}

/** The JWKS and the discovery document, as bytes that are the same for every request. */
function documentsOf(
  set: LoadedKeySet,
  discovery: string,
  { maxAgeSeconds, secure }: { readonly maxAgeSeconds: number; readonly secure: boolean },
): Pick<Served, 'jwks' | 'discovery'> {
  const headers = fixedHeaders(secure);
  return {
    jwks: createDocument({ ...jwks(set, { maxAgeSeconds }), type: 'application/jwk-set+json; charset=utf-8' }, headers),
    discovery: createDocument(
      {
        body: discovery,
        etag: `"${createHash('sha256').update(discovery).digest('base64url')}"`,
        cacheControl: `public, max-age=${maxAgeSeconds}`,
        type: 'application/json; charset=utf-8',
      },
      headers,
    ),
  };
}
