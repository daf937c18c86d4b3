import { randomBytes } from 'node:crypto';
import { createLinks } from '../../server/accounts/links.ts';
import { createMailThrottle } from '../../server/accounts/mail_throttle.ts';
import { createMails, type MailIntent } from '../../server/accounts/mails.ts';
import { createMailWorker, type MailWorkerParts } from '../../server/jobs/mail.ts';
import { createDrafts } from '../../server/jobs/mail_drafts.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import { createMemoryCounter } from '../../server/platform/limits.ts';
import { createLog } from '../../server/platform/log.ts';
import { createSmtpMailer, type Mailer } from '../../server/platform/mail.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { smtpUrl } from '../../server/platform/smtp_url.ts';
import { createViews } from '../../server/views/views.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { limitsOf, mailLimitsOf } from '../helpers/limits.ts';
import { type Mailbox, mailbox } from '../helpers/mailbox.ts';
import { database } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';

export const ISSUER = readIssuer('https://id.example.com');
export const MINUTE = 60_000;
export const views = createViews();
/** No browser has signed in before. */
export const STRANGERS = { isKnown: async () => ({ known: false, first: false }) };

/**
 * @param file shares one database among the tests that send all mails that they queue
 * @returns a function that makes a queue, a mail server, and a function that creates workers. Its parameter `own` asks
 *   for a database of its own, for a test that leaves mails in the queue.
 */
export async function mailQueues(file: Scope) {
  const shared = await database(file);
  const sharedKey = remember('master_key', randomBytes(32).toString('base64'));

  return async (t: Scope, own?: 'own') => {
    const clock = { ms: Date.UTC(2026, 0, 1, 12) };
    const now = () => clock.ms;
    const { db, url } = own ? await database(t) : shared;
    const masterKey = own ? remember('master_key', randomBytes(32).toString('base64')) : sharedKey;
    const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
    const { accounts } = await createSeeder(db, masterKey, now);
    const mails = createMails({ db, sealer, people: accounts, now });
    const links = createLinks({ db, sealer, people: accounts, now });
    const post = await mailbox(t);
    const lines: string[] = [];
    const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
    const counter = createMemoryCounter(now);
    const throttle = createMailThrottle({
      counter,
      indexKey: randomBytes(32),
      limits: mailLimitsOf(limitsOf({ CARDEA_MAIL_LIMIT_ADDRESS: '1000' }, now)),
      now,
    });
    const draft = createDrafts({ accounts, devices: STRANGERS, links, views, throttle, issuer: ISSUER });

    function worker(more: Partial<MailWorkerParts> = {}) {
      const mailer = mailerTo(t, post, now);
      return createMailWorker({ mails, draft, mailer, db, now, log, ...more });
    }

    return {
      clock,
      now,
      db,
      url,
      sealer,
      accounts,
      mails,
      links,
      post,
      lines,
      log,
      worker,
      /** The mail of an account that does not exist is sealed as one that is about nobody. */
      enqueue: async (intent: MailIntent) =>
        db.transact([
          mails.enqueue(intent, 'accountId' in intent ? await accounts.findById(intent.accountId) : undefined),
        ]),
      queued: () => db.run<{ tries: number; due_at: Date }>({ name: '', text: 'SELECT tries, due_at FROM mails' }, []),
      person: (input: { name?: string; locale?: string; zoneinfo?: string } = {}) =>
        accounts.create({ email: `${randomBytes(4).toString('hex')}@example.com`, emailVerified: true, ...input }),
    };
  };
}

function mailerTo(t: Scope, post: Mailbox, now: () => number): Mailer {
  const mailer = createSmtpMailer(smtpUrl(post.url), {
    from: { name: 'Cardea', address: 'door@id.example.com' },
    domain: 'id.example.com',
    now,
    timeouts: { connectMs: 2_000, silenceMs: 2_000 },
  });
  defer(t, () => mailer.close());
  return mailer;
}
