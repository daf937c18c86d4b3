import type { Mails, QueuedMail } from '../accounts/mails.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Mailer } from '../platform/mail.ts';
import { NO_TRACING, REQUEST_ID, type Tracing } from '../platform/tracing.ts';
import type { Draft } from './mail_drafts.ts';
import { createQueueWorker, doublingPause, type OutcomeLog, type QueueWorker } from './queue_worker.ts';

export interface MailWorkerParts {
  readonly mails: Pick<Mails, 'claimDue' | 'remove' | 'postpone'>;
  readonly draft: (mail: QueuedMail) => Promise<Draft | undefined>;
  readonly mailer: Pick<Mailer, 'send'>;
  readonly db: Pick<Db, 'transact'>;
  readonly tracing?: Pick<Tracing, 'asks' | 'runs'> | undefined;
  readonly now: Clock;
  readonly log: Logger;
}

const MOST = 6;
/** Longer than all timeouts of the mailer together: only then may another node send the mail. */
const LEASE_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 15_000;

export const pauseAfter = (attempts: number): number => doublingPause(FIRST_PAUSE_MS, attempts);

/**
 * No link is logged: only kinds, counts, the mail server's response, and of a mail that could not be sent the recipient, masked: once
 * a mail is refused or given up, nothing else tells for whom it was.
 */
const OUTCOME_LOG: OutcomeLog = {
  done: ['info', 'a mail was sent'],
  needless: ['info', 'a mail was not needed'],
  refused: ['warn', 'a mail was refused for good'],
  failed: ['warn', 'a mail could not be sent; it is tried again'],
  expired: ['warn', 'a mail was given up'],
  unreadable: ['warn', 'a queued mail cannot be opened: its master key is not in CARDEA_MASTER_KEY'],
};

/** Sends queued mails. */
export function createMailWorker(parts: MailWorkerParts): QueueWorker {
  const { mails, draft, mailer, db, tracing = NO_TRACING, now, log } = parts;
  return createQueueWorker<QueuedMail>({
    queue: { postpone: mails.postpone, remove: ({ id }) => mails.remove(id) },
    claim: (limit) => mails.claimDue({ limit, leaseMs: LEASE_MS }),
    batch: MOST,
    most: MOST,
    pauseAfter,
    logFields: ({ id, intent, attempts, requestId }) => ({ mail: id, kind: intent?.kind, attempts, requestId }),
    outcomeLog: OUTCOME_LOG,
    spanOf: ({ intent, attempts, requestId, traceparent }) => ({
      name: `mail ${intent?.kind ?? 'unreadable'}`,
      attributes: { 'cardea.attempts': attempts, ...(requestId === undefined ? {} : { [REQUEST_ID]: requestId }) },
      cause: traceparent,
    }),
    tracing,
    now,
    log,

    async handle(mail) {
      const { id, intent, requestId } = mail;
      if (intent === undefined) return { outcome: 'unreadable' };
      let recipient: string | undefined;
      try {
        const drafted = await draft(mail);
        if (!drafted) return { outcome: 'needless' };
        const { linkStatements, ...message } = drafted;
        recipient = message.to.address;
        // The link is stored first, so that it works as soon as the mail can be read.
        await db.transact(linkStatements);
        await tracing.asks('smtp', {}, () => mailer.send({ ...message, kind: intent.kind, id, requestId }));
        return { outcome: 'done' };
      } catch (error) {
        const isRefused = error instanceof AppError && error.code === 'mail_refused';
        return { outcome: isRefused ? 'refused' : 'failed', error, ...(recipient ? { about: { recipient } } : {}) };
      }
    },
  });
}
