import { MAILS_CHANNEL } from '../accounts/mails.ts';
import { cleanUp, cleanUpLag } from '../jobs/cleanup.ts';
import { createDeliveryWorker } from '../jobs/deliveries.ts';
import { createMailWorker } from '../jobs/mail.ts';
import { createDrafts } from '../jobs/mail_drafts.ts';
import { type Job, startJobs } from '../jobs/runner.ts';
import { createLogoutSender } from '../oidc/backchannel_logout.ts';
import { createNotificationSender, NOTIFICATION } from '../oidc/ciba_notifications.ts';
import { DELIVERIES_CHANNEL, LOGOUT } from '../records/deliveries.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';
import type { RegistrationServices } from './registration.ts';

/** A queued mail is sent at once; this is for those that are tried again, and should a notification have been lost. */
const MAIL_EVERY_MS = 30_000;
/** The same. */
const DELIVERIES_EVERY_MS = 10_000;
const CLEANUP_EVERY_MS = 60_000;
/** What has expired is normally gone within two turns. */
const CLEANUP_LAG_SECONDS = 300;

/** Starts the work that nobody asks for. */
export function startBackgroundJobs(
  infrastructure: Infrastructure,
  accountServices: AccountServices,
  clientServices: ClientServices,
  protocol: Protocol,
  clients: RegistrationServices,
): void {
  const jobs = [
    ...mailJobs(infrastructure, accountServices),
    deliveriesJob(infrastructure, protocol, clientServices),
    keysJob(infrastructure, protocol),
    cleanupJob(infrastructure, clients),
  ];
  infrastructure.onClose(startJobs(jobs, infrastructure.log), (running) => running.stop());
}

function mailJobs(
  { config, db, log, now, mailer, messenger, views, onClose }: Infrastructure,
  accountServices: AccountServices,
): Job[] {
  if (!mailer) {
    log.warn('nobody is mailed: CARDEA_SMTP_URL is not set');
    return [];
  }
  const { accounts, devices, links, throttle, mails } = accountServices;
  const draft = createDrafts({ accounts, devices, links, views, throttle, issuer: config.issuer });
  const worker = onClose(createMailWorker({ mails, draft, mailer, db, now, log }), (one) => one.stop());
  messenger.on(MAILS_CHANNEL, worker.wake);
  messenger.onGap(worker.wake);
  worker.wake();
  return [{ name: 'mail', everyMs: MAIL_EVERY_MS, run: worker.run }];
}

function deliveriesJob(
  infrastructure: Infrastructure,
  { serving, units, assertCanSign, deliveries }: Protocol,
  clientServices: ClientServices,
): Job {
  const { now, log, messenger, outbound, onClose } = infrastructure;
  const deliver = {
    [LOGOUT]: createLogoutSender({ serving, units, outbound, assertCanSign }),
    [NOTIFICATION]: createNotificationSender({
      outbound,
      endpointOf: async (id) => (await clientServices.find(id))?.metadata.backchannel_client_notification_endpoint,
    }),
  };
  const worker = onClose(createDeliveryWorker({ deliveries, deliver, now, log }), (one) => one.stop());
  messenger.on(DELIVERIES_CHANNEL, worker.wake);
  messenger.onGap(worker.wake);
  worker.wake();
  // Not waited for: when the jobs are stopped, the worker is to finish what it has in hand, not the whole queue.
  return { name: 'deliveries', everyMs: DELIVERIES_EVERY_MS, run: async () => worker.wake() };
}

function keysJob({ config }: Infrastructure, { keyRing, follower }: Protocol): Job {
  return {
    name: 'keys',
    everyMs: config.keys.pollSeconds * 1000,
    async run() {
      await keyRing.maintain();
      await follower.refresh();
    },
  };
}

function cleanupJob({ db, log, now }: Infrastructure, { registrations }: RegistrationServices): Job {
  return {
    name: 'cleanup',
    everyMs: CLEANUP_EVERY_MS,
    async run() {
      const removed = await cleanUp({ db, now });
      if (removed > 0) log.debug({ removed }, 'expired rows removed');
      const idle = await registrations.removeIdle();
      if (idle > 0) log.info({ removed: idle }, 'clients that nobody used were removed');
      const lagSeconds = await cleanUpLag({ db, now });
      if (lagSeconds > CLEANUP_LAG_SECONDS) log.warn({ lagSeconds }, 'expired rows pile up');
    },
  };
}
