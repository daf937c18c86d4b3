import { randomUUID } from 'node:crypto';
import { keyPolicy } from '../../keys/policy.ts';
import { silenceSeconds } from '../../keys/ring.ts';
import { CHANNEL as KEYS_CHANNEL } from '../../keys/store.ts';
import type { Account } from '../accounts/account.ts';
import { signedLifetimes } from '../config.ts';
import { createKeySync } from '../jobs/key_sync.ts';
import { createAdmission, ORIGIN_SECRET } from '../oidc/admission.ts';
import { WAITING_SECONDS_MAX } from '../oidc/ciba.ts';
import { createApproval } from '../oidc/ciba_approval.ts';
import { createClientCertificates } from '../oidc/client_certificates.ts';
import { CLAIMS, SCOPES } from '../oidc/configuration.ts';
import { DEVICE_CODE_SECONDS } from '../oidc/device_flow.ts';
import { NONCE_SECRET } from '../oidc/dpop.ts';
import { PAIRWISE_SECRET } from '../oidc/pairwise.ts';
import { createServing } from '../oidc/serving.ts';
import { isDatabaseAway } from '../platform/db.ts';
import { unavailable } from '../platform/errors.ts';
import { loadServerSecret } from '../platform/server_secrets.ts';
import { createDeliveries } from '../records/deliveries.ts';
import { createRepeatedForms } from '../records/repeated_forms.ts';
import { createStatusLists } from '../records/status_lists.ts';
import { createUnits, type Unit, type Units } from '../records/unit.ts';
import { createUserCodes, USER_CODE_SECRET } from '../records/user_codes.ts';
import { createWaitingRequests } from '../records/waiting_requests.ts';
import type { AccountServices } from './accounts.ts';
import { createRequiredAcr } from './assurance.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { RegistrationServices } from './registration.ts';
import { createServe } from './serve.ts';
import { openKeyRing } from './stores.ts';

/** How many requests that store something an address may send for each wrong answer that it may give. */
const REQUESTS_PER_FAILURE = 10;
/** By the provider's word, at most. */
const PUSHED_REQUEST_SECONDS = 60;

/** Records, keys and the provider: what is served, and follows the key set. */
export type Protocol = Awaited<ReturnType<typeof createProtocol>>;

export async function createProtocol(
  infrastructure: Infrastructure,
  accountServices: AccountServices,
  clientServices: ClientServices,
  selfRegistered: RegistrationServices,
) {
  const { config, db, log, now, uptime, sealer, messenger, counter, onClose } = infrastructure;
  const units = createUnits({
    db,
    sealer,
    now,
    accountColumns: accountServices.accounts.columns,
    lifetimes: config.lifetimes,
  });
  const found = createAccountsOfRequest(units, accountServices);
  const keyRing = await openKeyRing(infrastructure);
  const certificates = createClientCertificates({
    ...config.clientCertificates,
    asked: config.tls?.asksForCertificates ?? false,
    trustedProxies: config.trustedProxies,
    now,
  });
  const requiredAcr = createRequiredAcr({
    findAccount: found.find,
    findClient: (id) => units.current().trackRead(clientServices.find(id)),
    policy: accountServices.secondFactorPolicy,
  });
  const secret = (name: string) => loadServerSecret(db, sealer, name, now);
  const dpop = { nonceSecret: await secret(NONCE_SECRET), nonceRequired: config.dpopNonceRequired };
  const pairwiseKey = await secret(PAIRWISE_SECRET);
  const userCodeKey = await secret(USER_CODE_SECRET);
  const userCodes = createUserCodes({ db, sealer, key: userCodeKey, now });
  const waiting = createWaitingRequests({ db, sealer, now });
  const repeatedForms = createRepeatedForms({ db, now });
  const deliveries = createDeliveries({ db, sealer, now });
  const statusLists = config.tokenStatusList ? createStatusLists({ db, now }) : undefined;
  // Called for requests, of which there are none before there is a follower.
  const assertCanSign = () => {
    if (!follower.isInTouch()) throw unavailable('the key ring');
  };
  const serve = createServe(infrastructure, accountServices, clientServices, selfRegistered, units, found.find, {
    requiredAcr,
    statusLists,
    certificates,
    dpop,
    pairwiseKey,
    userCodes,
    waiting,
    repeatedForms,
    admission: createAdmission({
      counter,
      originKey: await secret(ORIGIN_SECRET),
      now,
      perMinute: config.rateLimit * REQUESTS_PER_FAILURE,
      lifetimes: {
        Interaction: config.lifetimes.interaction,
        Session: config.lifetimes.interaction,
        PushedAuthorizationRequest: PUSHED_REQUEST_SECONDS,
        DeviceCode: DEVICE_CODE_SECONDS,
        BackchannelAuthenticationRequest: WAITING_SECONDS_MAX,
      },
    }),
    assertCanSign,
  });

  const nodeId = randomUUID();
  await keyRing.acknowledge(nodeId, 0);
  onClose(nodeId, (id) => keyRing.forgetNode(id).catch(() => {}));
  await keyRing.maintain();
  const serving = createServing(await serve(await keyRing.load()));
  const follower = createKeySync({
    keyRing,
    nodeId,
    uptime,
    silenceSeconds: silenceSeconds(keyPolicy(config.keys, signedLifetimes(config))),
    servedVersion: () => serving.current().version,
    activate: async (set) => serving.swap(await serve(set)),
  });
  await follower.refresh();
  const refreshSoon = () =>
    void follower.refresh().catch((error) => {
      log[isDatabaseAway(error) ? 'debug' : 'warn']({ error }, 'the new keys could not be loaded yet');
    });
  messenger.on(KEYS_CHANNEL, refreshSoon);
  messenger.onGap(refreshSoon);
  const approval = createApproval({
    serving,
    units,
    waiting,
    now,
    grantSeconds: config.lifetimes.refreshTokenAbsolute,
    scopes: SCOPES,
    claims: CLAIMS,
    registeredScope: clientServices.registeredScope,
    resourceScopes: clientServices.resourceScopes,
    requiredAcr,
    requireEpoch: accountServices.accounts.requireEpoch,
    enqueue: deliveries.enqueue,
    used: selfRegistered.used,
    assertCanSign,
  });
  return {
    units,
    approval,
    deliveries,
    repeatedForms,
    statusLists,
    keyRing,
    serving,
    follower,
    assertCanSign,
    findAccount: found.find,
    keepAccount: found.keep,
  };
}

/** Accounts are looked up once a request: what comes next in it is decided from them more than once. */
function createAccountsOfRequest(units: Units, { accounts }: AccountServices) {
  const byUnit = new WeakMap<Unit, Map<string, Promise<Account | undefined>>>();
  const known = (unit: Unit) => {
    const map = byUnit.get(unit) ?? new Map<string, Promise<Account | undefined>>();
    byUnit.set(unit, map);
    return map;
  };
  const read = async (unit: Unit, id: string) => {
    const row = unit.joinedAccount(id);
    return row ? accounts.fromRow(row) : unit.trackRead(accounts.findById(id));
  };
  return {
    find(id: string): Promise<Account | undefined> {
      const unit = units.current();
      const account = known(unit).get(id) ?? read(unit, id);
      known(unit).set(id, account);
      return account;
    },
    keep(account: Account): void {
      known(units.current()).set(account.id, Promise.resolve(account));
    },
  };
}
