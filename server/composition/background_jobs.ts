import { randomUUID } from 'node:crypto';
import { createInactivity, inactivitySteps } from '../accounts/inactivity.ts';
import { MAILS_CHANNEL } from '../accounts/mails.ts';
import { createDeliveryStore } from '../audit/delivery_store.ts';
import { DESTINATIONS_CHANNEL } from '../audit/destinations.ts';
import { detailsOfEntries } from '../audit/opened_details.ts';
import { createAuditKeeping, createAuditSealing } from '../jobs/audit.ts';
import { createAuditDelivery, type DetailsOf, type SubjectsOf } from '../jobs/audit_delivery.ts';
import { createSenders } from '../jobs/audit_senders.ts';
import { createBackupJob, createErasureListJob } from '../jobs/backups.ts';
import { cleanUp, cleanUpLag } from '../jobs/cleanup.ts';
import { createDeliveryWorker } from '../jobs/deliveries.ts';
import { createErasures } from '../jobs/erasures.ts';
import { createInactivityJob } from '../jobs/inactivity.ts';
import { createMailWorker } from '../jobs/mail.ts';
import { createDrafts } from '../jobs/mail_drafts.ts';
import { type Job, type Jobs, startJobs } from '../jobs/runner.ts';
import { createLogoutSender } from '../oidc/backchannel_logout.ts';
import { createNotificationSender, NOTIFICATION } from '../oidc/ciba_notifications.ts';
import type { Actor } from '../operations/actor.ts';
import { dueBackup } from '../operations/backups.ts';
import { NO_LINES } from '../operations/json_lines.ts';
import { PERMISSIONS } from '../operations/permissions.ts';
import { dueErasure } from '../operations/user_deletion.ts';
import { inactivityChanges } from '../operations/user_inactivity.ts';
import { createOutboundTls } from '../platform/outbound_tls.ts';
import { DELIVERIES_CHANNEL, LOGOUT } from '../records/deliveries.ts';
import { endRecordsOfAccounts } from '../records/ended.ts';
import { peopleOfClient } from '../records/people_of_client.ts';
import type { AccountServices } from './accounts.ts';
import { openBackups } from './backups.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';
import type { RegistrationServices } from './registration.ts';
import { type OperationParts, serverRunner } from './server_operations.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Expired rows are normally deleted within two runs. */
const LAG_SECONDS_MAX = 300;

/** Starts the work that does not belong to a request. */
export function startBackgroundJobs(parts: {
  readonly infrastructure: Infrastructure;
  readonly accountServices: AccountServices;
  readonly clientServices: ClientServices;
  readonly registration: Pick<RegistrationServices, 'registrations'>;
  readonly protocol: Protocol;
}): Pick<Jobs, 'states'> {
  const { infrastructure, accountServices, clientServices, protocol } = parts;
  const { registrations } = parts.registration;
  const { config, log, messenger, onClose } = infrastructure;
  const { clients } = clientServices;
  const { keyRing, keySync } = protocol;
  const mails = assembleMailWorker(infrastructure, accountServices);
  const audit = {
    ...config.audit,
    db: infrastructure.db,
    audit: infrastructure.audit,
    issuer: config.issuer.identifier,
    now: infrastructure.now,
    log,
  };
  const deliveries = assembleDeliveryWorker(infrastructure, clientServices, protocol);

  // Every node runs every job. The comments say what keeps two nodes from doing the same work.
  const jobs: readonly (Job | undefined)[] = [
    // one node leases each item; the interval is for those that are tried again
    mails && { name: 'mails', everyMs: 30 * SECOND_MS, channel: MAILS_CHANNEL, ...mails },
    { name: 'deliveries', everyMs: 10 * SECOND_MS, channel: DELIVERIES_CHANNEL, ...deliveries },
    // one node leases each destination
    {
      name: 'delivery of the audit',
      everyMs: 5 * SECOND_MS,
      channel: DESTINATIONS_CHANNEL,
      ...assembleAuditDelivery(infrastructure, accountServices, protocol),
    },
    // an advisory lock in `maintain`
    {
      name: 'keys',
      everyMs: config.keys.pollSeconds * SECOND_MS,
      run: () => keyRing.maintain().then(() => keySync.refresh()),
    },
    // an advisory lock: one node seals, the others look again later
    { name: 'sealing of the audit', everyMs: 5 * SECOND_MS, ...createAuditSealing(audit) },
    // what is there already is not made again, and what is gone is not removed again
    { name: 'months of the audit', everyMs: HOUR_MS, atStart: true, ...createAuditKeeping(audit) },
    // nodes skip rows that another one has locked
    { name: 'cleanup', everyMs: 60 * SECOND_MS, run: () => removeExpired(infrastructure) },
    // an account is indexed by the first node that does so
    { name: 'index of accounts', everyMs: 60 * SECOND_MS, ...assembleIndexing(infrastructure, accountServices) },
    // an account is erased by the first node that locks it
    { name: 'erasures', everyMs: 60 * SECOND_MS, ...assembleErasures(parts) },
    ...assembleBackups(parts),
    // an account is changed by the first node that locks it
    ...assembleInactivity(parts),
    { name: 'unused clients', everyMs: 60 * SECOND_MS, run: () => removeUnused(infrastructure, registrations) },
    // as above
    {
      name: 'old client secrets',
      everyMs: 60 * SECOND_MS,
      run: async () => void (await clients.forgetPassedSecrets()),
    },
  ];
  const started = startJobs(
    jobs.filter((job) => job !== undefined),
    { log, messenger, now: infrastructure.now, tracing: infrastructure.tracing },
  );
  return onClose(started, (running) => running.stop());
}

function assembleMailWorker(infrastructure: Infrastructure, accountServices: AccountServices) {
  const { config, db, log, now, mailer, tracing, views } = infrastructure;
  if (!mailer) {
    log.warn('no mail is sent: CARDEA_SMTP_URL is not set');
    return undefined;
  }
  const { accounts, devices, links, throttle, mails } = accountServices;
  const draft = createDrafts({ accounts, devices, links, views, throttle, issuer: config.issuer });
  return createMailWorker({ mails, draft, mailer, db, tracing, now, log });
}

function assembleDeliveryWorker(
  { audit, now, log, outbound, tracing }: Infrastructure,
  clientServices: ClientServices,
  { serving, units, assertCanSign, deliveries }: Protocol,
) {
  const deliver = {
    [LOGOUT]: createLogoutSender({ serving, units, outbound, assertCanSign }),
    [NOTIFICATION]: createNotificationSender({
      outbound,
      endpointOf: async (id) => (await clientServices.find(id))?.metadata.backchannel_client_notification_endpoint,
    }),
  };
  return createDeliveryWorker({ deliveries, deliver, audit, tracing, now, log });
}

function assembleAuditDelivery(
  infrastructure: Infrastructure,
  { accounts }: AccountServices,
  { subjectsOfClient }: Protocol,
) {
  const { audit, config, db, log, nameServers, now, outbound, sealer, tracing } = infrastructure;
  const senders = createSenders({
    outbound,
    outboundTls: createOutboundTls({ allow: config.outboundAllow, nameServers }),
    issuer: config.issuer,
    fileFolder: config.auditFileDir,
    tracing,
    now,
  });
  const store = createDeliveryStore({ db, sealer, now });
  const subjectsOf: SubjectsOf = async ({ id, everybody }, accountIds) =>
    subjectsOfClient(id, everybody ? accountIds : await peopleOfClient({ db, now }, id, accountIds));
  const detailsOf: DetailsOf = (rows) =>
    detailsOfEntries({ openByMonth: audit.openByMonth, sealersOf: accounts.sealersOf }, rows);
  return createAuditDelivery({ store, senders, subjectsOf, detailsOf, audit, tracing, now, log });
}

async function removeExpired({ db, log, now }: Infrastructure): Promise<void> {
  const removed = await cleanUp({ db, now });
  if (removed > 0) log.debug({ removed }, 'expired rows removed');
  const lagSeconds = await cleanUpLag({ db, now });
  if (lagSeconds > LAG_SECONDS_MAX) log.warn({ lagSeconds }, 'expired rows are not deleted in time');
}

async function removeUnused(
  { log }: Infrastructure,
  registrations: RegistrationServices['registrations'],
): Promise<void> {
  const removed = await registrations.removeIdle();
  if (removed > 0) log.info({ removed }, 'unused clients were removed');
}

const SERVER = { kind: 'system', permissions: new Set(PERMISSIONS) } as const;

const callOf = (id: string) => ({ actor: { ...SERVER, id } satisfies Actor, requestId: randomUUID() });
const ofUser = (id: string) => ({ params: { id }, query: undefined, body: undefined });

/** The policy for accounts that nobody signs in to; no job where it is off. */
function assembleInactivity(parts: OperationParts): Job[] {
  const { config, db, log, now } = parts.infrastructure;
  const steps = inactivitySteps(config.privacy.inactivity);
  if (steps.length === 0) return [];
  const inactivity = createInactivity({ db, now });
  const runner = serverRunner(parts, { recordsRefusal: async () => false });
  const stages = steps.map((step) => ({
    name: step.stage,
    next: (limit: number) => inactivity.next(step, limit),
    reach: (id: string) => runner.run(inactivityChanges[step.stage], ofUser(id), callOf('inactivity')),
  }));
  return [{ name: 'inactive accounts', everyMs: 600 * SECOND_MS, ...createInactivityJob(stages, { log }) }];
}

/** None where it is not set where backups go. */
export function assembleBackups(parts: OperationParts): Job[] {
  const { config, log } = parts.infrastructure;
  if (config.backup.to === undefined) return [];
  const backups = openBackups(parts.infrastructure);
  const stopping = new AbortController();
  if (config.backup.recipients.length === 0 && config.backup.everySeconds > 0)
    log.warn('no backups are made: CARDEA_BACKUP_RECIPIENTS is not set');
  const runner = serverRunner(parts, { recordsRefusal: async () => false, stopping: stopping.signal });
  async function create() {
    const running = await runner.stream(dueBackup, { query: undefined, lines: NO_LINES }, callOf('backups'));
    for (let lines = await running.next(); lines; lines = await running.next()) {
      for (const { type, name = '', bytes = 0, not_removed: notRemoved } of lines)
        if (type === 'result') return { name, bytes, notRemoved };
    }
    return undefined;
  }
  return [
    // each node writes what no list has; two that write the same do no harm
    { name: 'lists of erased people', everyMs: 10 * SECOND_MS, atStart: true, ...createErasureListJob(backups) },
    // an advisory lock in `create`
    { name: 'backups', everyMs: 60 * SECOND_MS, atStart: true, ...createBackupJob({ backups, create, log, stopping }) },
  ];
}

/** Erases accounts whose days of grace are over. */
export function assembleErasures(parts: OperationParts): Pick<Job, 'run' | 'stop'> {
  const { infrastructure, accountServices } = parts;
  const { accounts, departed } = accountServices;
  // Of two nodes that erase the same account one is refused, which is no event.
  const runner = serverRunner(parts, { recordsRefusal: async () => false });
  return createErasures({
    log: infrastructure.log,
    read: accounts.dueForDeletion,
    erase: (id) => runner.run(dueErasure, ofUser(id), callOf('erasures')),
    async sweep() {
      const ids = await departed.erasedLately();
      if (ids.length > 0) await infrastructure.db.query(endRecordsOfAccounts(ids));
    },
  });
}

/** Indexes accounts that nodes of the version before have written. */
function assembleIndexing({ log }: Infrastructure, { accounts }: AccountServices): Pick<Job, 'run' | 'stop'> {
  let stopped = false;
  return {
    async run() {
      const { indexed, unreadable } = await accounts.index(() => !stopped);
      if (indexed > 0) log.info({ indexed }, 'accounts were indexed for lists and searches');
      if (unreadable.length > 0) {
        log.error({ accounts: unreadable.slice(0, 10) }, 'profiles cannot be opened, so no search finds them');
      }
    },
    async stop() {
      stopped = true;
    },
  };
}
