import { createNamed } from '../accounts/named.ts';
import { serverPolicyOf } from '../config.ts';
import { freshPrints } from '../fresh_secrets.ts';
import { createResourceMetadata } from '../oidc/api_resource_metadata.ts';
import { WAITING_SECONDS_MAX } from '../oidc/ciba.ts';
import { createApproval } from '../oidc/ciba_approval.ts';
import { createClientCertificates } from '../oidc/client_certificates.ts';
import { createClientSubjects } from '../oidc/client_subjects.ts';
import { CLAIMS, SCOPES } from '../oidc/configuration.ts';
import { DEVICE_CODE_SECONDS } from '../oidc/device_flow.ts';
import { PAIRWISE_SECRET } from '../oidc/pairwise.ts';
import { createUnfinishedLimits, ORIGIN_SECRET } from '../oidc/unfinished_limits.ts';
import { createPermissionsOfRoles } from '../operations/role_permissions.ts';
import { unavailable } from '../platform/errors.ts';
import { fixedHeaders } from '../platform/http.ts';
import { openSecretPrint } from '../platform/secret_prints.ts';
import { loadServerSecret } from '../platform/server_secrets.ts';
import type { AccountServices } from './accounts.ts';
import { createRequiredAcr } from './assurance.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import { serveLatestKeys } from './key_sync.ts';
import { createAccountReads } from './protocol_reads.ts';
import { createRecordServices } from './records.ts';
import type { RegistrationServices } from './registration.ts';
import { createRequestAccounts } from './request_accounts.ts';
import { createServe } from './serve.ts';
import { openKeyRing } from './stores.ts';

/** The maximum, which is the provider's default. */
const PUSHED_REQUEST_SECONDS = 60;

/** Records, keys and the provider. */
export type Protocol = Awaited<ReturnType<typeof createProtocol>>;

export async function createProtocol(parts: {
  readonly infrastructure: Infrastructure;
  readonly accountServices: AccountServices;
  readonly clientServices: ClientServices;
  readonly registration: RegistrationServices;
}) {
  const { infrastructure, accountServices, clientServices, registration } = parts;
  const { config, db, now, sealer, secure } = infrastructure;
  const { accounts, secondFactorPolicy: policy } = accountServices;
  const secret = (name: string) => loadServerSecret(db, sealer, name, now);
  const records = await createRecordServices(infrastructure, accounts);
  const { units, waitingRequests, deliveries } = records;
  const requestAccounts = createRequestAccounts(units, accounts);
  const requiredAcr = createRequiredAcr({
    findAccount: requestAccounts.find,
    findClient: (id) => units.current().trackRead(clientServices.find(id)),
    policy,
  });
  // Requests are served only after `keySync` is set.
  const assertCanSign = () => {
    if (!keySync.isInTouch()) throw unavailable('the key ring');
  };
  const certificates = createClientCertificates({
    ...config.clientCertificates,
    requestsCertificates: config.tls?.asksForCertificates ?? false,
    trustedProxies: config.trustedProxies,
    now,
  });
  const pairwiseKey = await secret(PAIRWISE_SECRET);
  const serve = createServe({
    ...parts,
    records,
    requestAccounts,
    requiredAcr,
    certificates,
    nonceRequired: config.dpopNonceRequired,
    pairwiseKey,
    permissionsOfRoles: createPermissionsOfRoles(createNamed('roles', { db, now })),
    unfinishedLimits: unfinishedLimitsOf(infrastructure, await secret(ORIGIN_SECRET), async (id) => {
      const client = await units.current().trackRead(clientServices.find(id));
      return client?.kind === 'operator';
    }),
    assertCanSign,
  });
  const secrets = freshPrints(config, await openSecretPrint(db, infrastructure.sealer, now));
  const keyRing = await openKeyRing({ ...infrastructure, secrets });
  const { serving, keySync } = await serveLatestKeys(infrastructure, keyRing, serve);
  const { publicSubjectOf } = createAccountReads(requestAccounts, accountServices, units);
  const subjectsOfClient = createClientSubjects({ serving, units, pairwiseKey, publicSubjectOf });
  const approval = createApproval({
    serving,
    units,
    waiting: waitingRequests,
    now,
    grantSeconds: config.lifetimes.refreshTokenAbsolute,
    scopes: SCOPES,
    claims: CLAIMS,
    registeredScope: clientServices.registeredScope,
    resourceScopes: clientServices.resourceScopes,
    requiredAcr,
    requireEpoch: accounts.requireEpoch,
    ownerOf: accounts.ownerOf,
    enqueue: deliveries.enqueue,
    personEvents: accountServices.personEvents,
    used: registration.used,
    assertCanSign,
  });
  const resourceMetadata = createResourceMetadata({
    issuer: config.issuer,
    resource: clientServices.apiResource,
    serverPolicy: serverPolicyOf(config),
    certificates: certificates.authMethods.length > 0,
    headers: fixedHeaders(secure),
  });
  return {
    resourceMetadata,
    ...records,
    requestAccounts,
    approval,
    keyRing,
    serving,
    keySync,
    assertCanSign,
    subjectsOfClient,
  };
}

/** Bounds what requests without a sign-in can store. */
function unfinishedLimitsOf(
  { config, counter, limits, now, writes }: Infrastructure,
  originKey: Buffer,
  isRegistered: (clientId: string) => Promise<boolean>,
) {
  return createUnfinishedLimits({
    counter,
    originKey,
    now,
    kept: limits.unfinished,
    openings: limits['request-uri'].request,
    anonymous: limits.anonymous.address,
    writes,
    isRegistered,
    lifetimes: {
      Interaction: config.lifetimes.interaction,
      Session: config.lifetimes.interaction,
      PushedAuthorizationRequest: PUSHED_REQUEST_SECONDS,
      DeviceCode: DEVICE_CODE_SECONDS,
      BackchannelAuthenticationRequest: WAITING_SECONDS_MAX,
    },
  });
}
