import type { Mails, QueuedMail } from '../accounts/mails.ts';
import type { Clock } from '../platform/clock.ts';
import { type Db, isDatabaseAway } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Mailer } from '../platform/mail.ts';
import type { Draft } from './mail_drafts.ts';
import { createQueueWorker, type QueueWorker } from './queue.ts';

export interface MailWorkerParts {
  readonly mails: Mails;
  readonly draft: (mail: QueuedMail) => Promise<Draft | undefined>;
  readonly mailer: Pick<Mailer, 'send'>;
  readonly db: Pick<Db, 'transact'>;
  readonly now: Clock;
  readonly log: Logger;
}

const BATCH = 6;
/** Longer than sending a batch can take with every timeout of the mailer: only then may another node try as well. */
const LEASE_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** @param tries that have failed so far */
export function pauseAfter(tries: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
}

/** Sends the mails that are queued. */
export function createMailWorker(parts: MailWorkerParts): QueueWorker {
  const { mails, draft, mailer, db, now, log } = parts;

  /** Nothing that is personal, and no link, gets into the log: kinds, counts and the server's verdict do. */
  async function handle(mail: QueuedMail): Promise<void> {
    const kind = mail.intent?.kind;
    if (kind === undefined) {
      log.warn({ mail: mail.id }, 'a queued mail cannot be opened: its master key is not in CARDEA_MASTER_KEY');
      return; // until its time is up; the key may come back
    }
    try {
      const drafted = await draft(mail);
      if (drafted) await send(mail, kind, drafted);
      await mails.remove(mail.id);
      log.info({ mail: mail.id, kind, tries: mail.tries }, drafted ? 'a mail was sent' : 'a mail was not needed');
    } catch (error) {
      await failed(mail, kind, error);
    }
  }

  async function send(mail: QueuedMail, kind: string, { before, ...drafted }: Draft): Promise<void> {
    // The link first: a mail whose link does not work yet would be read too early.
    await db.transact(before);
    await mailer.send({ ...drafted, kind, id: mail.id });
  }

  async function failed(mail: QueuedMail, kind: string, error: unknown): Promise<void> {
    const { id, tries } = mail;
    const dueAt = new Date(now() + pauseAfter(tries));
    const isRefused = error instanceof AppError && error.code === 'mail_refused';
    if (isRefused || dueAt >= mail.expiresAt) {
      log.warn({ mail: id, kind, tries, error }, isRefused ? 'a mail was refused for good' : 'a mail was given up');
      await mails.remove(id).catch((failure) => log.warn({ mail: id, error: failure }, 'a mail stays queued'));
      return;
    }
    const level = isDatabaseAway(error) ? 'debug' : 'warn';
    log[level]({ mail: id, kind, tries, error }, 'a mail could not be sent; it is tried again');
    // If this fails as well, the lease ends some time.
    await mails.postpone(id, dueAt).catch(() => {});
  }

  return createQueueWorker({
    batch: BATCH,
    take: async (limit) => ({ items: await mails.claimDue({ limit, leaseMs: LEASE_MS }) }),
    handle,
    onUnreadable: (error) =>
      log[isDatabaseAway(error) ? 'debug' : 'warn']({ error }, 'the mail queue could not be read; it is tried again'),
  });
}
