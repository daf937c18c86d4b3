import type { HTTPMethods } from 'fastify';
import type { EndpointLimitName, Step, Steps } from './exchange.ts';
import { noteOfflineAccess } from './offline_access.ts';
import { assertParameterSizes } from './parameter_limits.ts';
import { assertRequestObjectTypes } from './request_objects.ts';
import { ROUTES, type Route } from './routes.ts';
import { auditDevice, auditLogout, auditReplay, auditRevocation, auditTokens } from './steps/audit.ts';
import {
  countFailedAuthentication,
  limitFailedAuthentications,
  nameFailedAuthentication,
} from './steps/client_authentication.ts';
import { rejectFailures } from './steps/errors.ts';
import { replayForm, storeFormResponse } from './steps/form_responses.ts';
import { nameUnauthorizedGrantType, refusePushedTokens, slowDown, useNothingUp } from './steps/grant_errors.ts';
import { echoInteractionId } from './steps/interaction_ids.ts';
import { presentJwtAccessToken, presentUserinfoToken } from './steps/jwt_access_tokens.ts';
import { countRequest, limitAddress, limitCallerAndServer, limitClaimed } from './steps/limits.ts';
import { noteLogoutTarget, redirectAfterLogout, skipEmptyLogout } from './steps/logout.ts';
import { checkProofKey, explainReplayedProof, limitProofAlgs, recordProof } from './steps/proof.ts';
import { limitUnfinished, recordClientUse, recordSession } from './steps/records.ts';
import { replayRefresh, storeRefreshResponse } from './steps/refresh.ts';
import { countRefresh, refuseRefreshLoop } from './steps/refresh_loops.ts';
import { explainRefusal, logRefusal } from './steps/refusals.ts';
import {
  ignoreOtherBodies,
  normalizeHeaders,
  readClientCertificate,
  refuseOversizedBody,
  refuseRepeatedAuthorization,
  refuseUnknownPath,
  requireSigningKey,
} from './steps/request.ts';
import { sendNoType } from './steps/revocation.ts';
import { replaceSelfSubmittingPage } from './steps/self_submitting.ts';
import { limitUserCodes, moveUserCode, refundMalformedUserCode } from './steps/user_codes.ts';

/** A route of the provider: the steps of a request to it and, unless it is internal, how it is reached. */
export interface Endpoint extends Steps {
  readonly methods: readonly HTTPMethods[];
  readonly path?: string;
  /** Clients get their errors as JSON (RFC 6749 §5.2), browsers as a page. */
  readonly caller: 'client' | 'browser';
  /** The limits of its requests (limit_table.ts); every route that is reached has some. */
  readonly limit?: EndpointLimitName;
}

const CLIENT_CHECKS: readonly Step[] = [
  refuseOversizedBody,
  refuseRepeatedAuthorization,
  readClientCertificate,
  requireSigningKey,
];
const FROM_CLIENT: readonly Step[] = [normalizeHeaders, ...CLIENT_CHECKS];
const FROM_BROWSER: readonly Step[] = [limitAddress, refuseOversizedBody, readClientCertificate, requireSigningKey];

const PARAMETERS = [limitClaimed, assertParameterSizes, assertRequestObjectTypes];

/** A preflight (Fetch Standard §3.2.2) has no credentials and changes nothing, so it needs no step. */
const PREFLIGHT: Endpoint = { methods: [], caller: 'client', ...noSteps() };

/** Internal: only Cardea itself calls these routes, and the mount sends the documents. */
const INTERNAL: Endpoint = { methods: [], caller: 'client', ...noSteps() };

/**
 * Each route of the provider, with the steps of a request to it in their order. A route that has no row is refused:
 * at start when the provider has one, and for each request.
 */
export const ENDPOINTS: Readonly<Record<Route, Endpoint>> = {
  authorization: {
    methods: ['GET'],
    path: ROUTES.authorization,
    caller: 'browser',
    limit: 'authorize',
    before: FROM_BROWSER,
    parameters: [...PARAMETERS, noteOfflineAccess],
    after: [rejectFailures, limitCallerAndServer, replaceSelfSubmittingPage, explainRefusal],
    beforeCommit: [recordSession, limitUnfinished, auditTokens],
    onError: [],
    finally: [countRequest, logRefusal],
  },
  /** Follows the sign-in pages, which continue with it in the same request (interactions.ts). */
  resume: {
    methods: ['GET'],
    path: `${ROUTES.authorization}/:uid`,
    caller: 'browser',
    limit: 'authorize',
    before: FROM_BROWSER,
    parameters: PARAMETERS,
    after: [rejectFailures, limitCallerAndServer, replaceSelfSubmittingPage, explainRefusal, replayForm],
    beforeCommit: [recordSession, storeFormResponse, limitUnfinished, auditTokens],
    onError: [replayForm],
    finally: [countRequest, logRefusal],
  },
  pushed_authorization_request: {
    methods: ['POST', 'OPTIONS'],
    path: ROUTES.pushed_authorization_request,
    caller: 'client',
    limit: 'par',
    before: [...FROM_CLIENT, limitFailedAuthentications, checkProofKey],
    parameters: [...PARAMETERS, noteOfflineAccess],
    after: [rejectFailures, limitCallerAndServer, nameFailedAuthentication, explainRefusal],
    beforeCommit: [limitUnfinished, recordProof],
    onError: [explainReplayedProof],
    finally: [countFailedAuthentication, countRequest, logRefusal],
  },
  token: {
    methods: ['POST', 'OPTIONS'],
    path: ROUTES.token,
    caller: 'client',
    limit: 'token',
    before: [...FROM_CLIENT, limitFailedAuthentications, checkProofKey],
    parameters: PARAMETERS,
    after: [
      rejectFailures,
      limitCallerAndServer,
      nameFailedAuthentication,
      useNothingUp,
      replayRefresh,
      refuseRefreshLoop,
      nameUnauthorizedGrantType,
      refusePushedTokens,
      slowDown,
      explainRefusal,
    ],
    beforeCommit: [recordClientUse, limitUnfinished, recordProof, storeRefreshResponse, auditTokens, auditReplay],
    onError: [explainReplayedProof],
    finally: [countFailedAuthentication, countRefresh, countRequest, logRefusal],
  },
  userinfo: {
    methods: ['GET', 'POST', 'OPTIONS'],
    path: ROUTES.userinfo,
    caller: 'client',
    limit: 'userinfo',
    before: [normalizeHeaders, echoInteractionId, limitAddress, ...CLIENT_CHECKS, ignoreOtherBodies, checkProofKey],
    parameters: [...PARAMETERS, presentUserinfoToken],
    after: [rejectFailures, limitCallerAndServer, explainRefusal],
    beforeCommit: [limitUnfinished, recordProof],
    onError: [explainReplayedProof],
    finally: [limitProofAlgs, countRequest, logRefusal],
  },
  introspection: {
    methods: ['POST', 'OPTIONS'],
    path: ROUTES.introspection,
    caller: 'client',
    limit: 'introspection',
    before: [...FROM_CLIENT, limitFailedAuthentications],
    parameters: [...PARAMETERS, presentJwtAccessToken],
    after: [rejectFailures, limitCallerAndServer, nameFailedAuthentication, explainRefusal],
    beforeCommit: [limitUnfinished],
    onError: [],
    finally: [countFailedAuthentication, countRequest, logRefusal],
  },
  revocation: {
    methods: ['POST', 'OPTIONS'],
    path: ROUTES.revocation,
    caller: 'client',
    limit: 'revocation',
    before: [...FROM_CLIENT, limitFailedAuthentications],
    parameters: [...PARAMETERS, presentJwtAccessToken],
    after: [rejectFailures, limitCallerAndServer, nameFailedAuthentication, sendNoType, explainRefusal],
    beforeCommit: [limitUnfinished, auditRevocation],
    onError: [],
    finally: [countFailedAuthentication, countRequest, logRefusal],
  },
  device_authorization: {
    methods: ['POST', 'OPTIONS'],
    path: ROUTES.device_authorization,
    caller: 'client',
    limit: 'device',
    before: [...FROM_CLIENT, limitFailedAuthentications],
    parameters: PARAMETERS,
    after: [rejectFailures, limitCallerAndServer, nameFailedAuthentication, nameUnauthorizedGrantType, explainRefusal],
    beforeCommit: [limitUnfinished],
    onError: [],
    finally: [countFailedAuthentication, countRequest, logRefusal],
  },
  backchannel_authentication: {
    methods: ['POST', 'OPTIONS'],
    path: ROUTES.backchannel_authentication,
    caller: 'client',
    limit: 'ciba',
    before: [...FROM_CLIENT, limitFailedAuthentications],
    parameters: PARAMETERS,
    after: [rejectFailures, limitCallerAndServer, nameFailedAuthentication, nameUnauthorizedGrantType, explainRefusal],
    beforeCommit: [limitUnfinished],
    onError: [],
    finally: [countFailedAuthentication, countRequest, logRefusal],
  },
  code_verification: {
    methods: ['GET', 'POST'],
    path: ROUTES.code_verification,
    caller: 'browser',
    limit: 'device',
    before: [...FROM_BROWSER, limitUserCodes, moveUserCode],
    parameters: PARAMETERS,
    after: [rejectFailures, limitCallerAndServer, replaceSelfSubmittingPage, explainRefusal, replayForm],
    beforeCommit: [recordSession, storeFormResponse, limitUnfinished, auditDevice],
    onError: [replayForm],
    finally: [refundMalformedUserCode, countRequest, logRefusal],
  },
  /** Follows the sign-in pages, like `resume`. */
  device_resume: {
    methods: ['GET'],
    path: `${ROUTES.code_verification}/:uid`,
    caller: 'browser',
    limit: 'device',
    before: FROM_BROWSER,
    parameters: PARAMETERS,
    after: [rejectFailures, limitCallerAndServer, replaceSelfSubmittingPage, explainRefusal, replayForm],
    beforeCommit: [recordSession, storeFormResponse, limitUnfinished, auditDevice],
    onError: [replayForm],
    finally: [countRequest, logRefusal],
  },
  end_session: {
    methods: ['GET'],
    path: ROUTES.end_session,
    caller: 'browser',
    limit: 'logout',
    before: FROM_BROWSER,
    parameters: PARAMETERS,
    after: [
      rejectFailures,
      limitCallerAndServer,
      skipEmptyLogout,
      redirectAfterLogout,
      replaceSelfSubmittingPage,
      explainRefusal,
    ],
    beforeCommit: [limitUnfinished, auditLogout],
    onError: [],
    finally: [countRequest, logRefusal],
  },
  end_session_confirm: {
    methods: ['POST'],
    path: `${ROUTES.end_session}/confirm`,
    caller: 'browser',
    limit: 'logout',
    before: FROM_BROWSER,
    parameters: [...PARAMETERS, noteLogoutTarget],
    after: [rejectFailures, limitCallerAndServer, redirectAfterLogout, explainRefusal, replayForm],
    beforeCommit: [storeFormResponse, limitUnfinished, auditLogout],
    onError: [replayForm],
    finally: [countRequest, logRefusal],
  },
  end_session_success: {
    methods: ['GET'],
    path: `${ROUTES.end_session}/success`,
    caller: 'browser',
    limit: 'logout',
    before: FROM_BROWSER,
    parameters: PARAMETERS,
    after: [rejectFailures, limitCallerAndServer, explainRefusal],
    beforeCommit: [limitUnfinished],
    onError: [],
    finally: [countRequest, logRefusal],
  },
  'cors.pushed_authorization_request': PREFLIGHT,
  'cors.token': PREFLIGHT,
  'cors.userinfo': PREFLIGHT,
  'cors.introspection': PREFLIGHT,
  'cors.revocation': PREFLIGHT,
  'cors.device_authorization': PREFLIGHT,
  'cors.jwks': PREFLIGHT,
  'cors.discovery': PREFLIGHT,
  jwks: INTERNAL,
  discovery: INTERNAL,
  not_found: { methods: [], caller: 'client', ...noSteps(), before: [refuseUnknownPath] },
};

function noSteps(): Steps {
  return { before: [], parameters: [], after: [rejectFailures], beforeCommit: [], onError: [], finally: [] };
}

/** Denies by default. @throws Error for a route of the provider that has no row */
export function assertEveryRouteHasSteps(names: Iterable<string>): void {
  const missing = [...names].filter((name) => !Object.hasOwn(ENDPOINTS, name));
  if (missing.length > 0) throw new Error(`no steps are defined in server/oidc/endpoints.ts for ${missing.join(', ')}`);
}
