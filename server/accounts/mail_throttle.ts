import type { Clock } from '../platform/clock.ts';
import type { Counter } from '../platform/limits.ts';
import { blindIndex } from '../platform/sealing.ts';
import { normaliseIdentifier } from './identifiers.ts';
import { LINK_LIFETIMES } from './links.ts';
import type { MailIntent } from './mails.ts';

/** Mails that others than the recipient can cause. Each kind is counted by itself. */
export type ThrottledMail = MailIntent['kind'] | 'change_email_requested' | 'codes_locked';

/** The network and the signed-in account from which a mail was requested, as far as they are known. */
export interface MailCauser {
  /** An address, or an IPv6 network of 64 bits. */
  readonly network?: string | undefined;
  /** The id of the account that they are signed in to. */
  readonly account?: string | undefined;
}

export interface MailRecipient {
  /** An identifier in any spelling, or an account's id; neither is stored in clear. */
  readonly to: string;
  /** The source of the mail: a network, an account or a client. Each source has its own limit for one recipient. */
  readonly source: string;
  /** The request came from a browser that has signed in to the account before: it has a limit of its own. */
  readonly isOwn?: boolean;
}

/**
 * Limits all mails that strangers can cause: by sender of the request (account, network), in total, and by recipient. A
 * refusal by sender is shown, because it depends on the sender alone; a mail beyond the limit of its recipient is not sent,
 * without an error.
 */
export interface MailThrottle {
  /** Counts one more request. @returns false when it is one too many in an hour from there, or from everywhere */
  mayAsk(kind: ThrottledMail, causer: MailCauser): Promise<boolean>;
  /** Counts one more mail. @returns false when it is one too many for its recipient */
  admits(kind: ThrottledMail, recipient: MailRecipient): Promise<boolean>;
}

interface Terms {
  readonly seconds: number;
  /** Mails to one recipient from one source. */
  readonly perSource: number;
  /** Mails to one recipient. */
  readonly perRecipient: number;
}

const HOUR = 3_600;
/** Requests of one account in an hour. */
export const ASKED_PER_ACCOUNT = 5;
/** Mails that a person's own browser may ask for, for as long as one of their links lives. */
export const OWN_MAILS = 5;

/** The window is the lifetime of a link: a recipient who gets no further mail still has a working link. */
const withLink = (seconds: number): Terms => ({ seconds, perSource: 3, perRecipient: 6 });

const TERMS: Readonly<Partial<Record<ThrottledMail, Terms>>> = {
  reset: withLink(LINK_LIFETIMES.reset_password),
  sign_up: withLink(LINK_LIFETIMES.sign_up),
  change_email: withLink(LINK_LIFETIMES.change_email),
  verify_email: withLink(LINK_LIFETIMES.verify_email),
  locked: withLink(LINK_LIFETIMES.unlock),
  request_waiting: { seconds: HOUR, perSource: 5, perRecipient: 15 },
};

/** Notices about an account: far more than a person causes in an hour. */
const NOTICE: Terms = { seconds: HOUR, perSource: 20, perRecipient: 20 };

export function createMailThrottle(parts: {
  counter: Counter;
  indexKey: Uint8Array;
  /** Requests for mails of one kind in an hour: from one network, and in all. */
  limits: { readonly perNetwork: number; readonly inAll: number };
  now: Clock;
}): MailThrottle {
  const { counter, indexKey, limits, now } = parts;

  /** @returns whether this one is among the first `most` of its window */
  async function isWithin(most: number, seconds: number, ...what: readonly string[]): Promise<boolean> {
    const bucket = blindIndex(indexKey, `mail throttle ${JSON.stringify(what)}`).toString('base64url');
    // The window is part of the key, so that each window has a new counter.
    const key = `mail:${bucket}:${Math.floor(now() / 1_000 / seconds)}`;
    return (await counter.increment(key, seconds * 1_000)) <= most;
  }

  return {
    // One after the other: a request that the narrower limit refuses does not count towards the wider one.
    async mayAsk(kind, { account, network }) {
      if (account !== undefined && !(await isWithin(ASKED_PER_ACCOUNT, HOUR, kind, 'by account', account)))
        return false;
      if (network !== undefined && !(await isWithin(limits.perNetwork, HOUR, kind, 'by network', network)))
        return false;
      return isWithin(limits.inAll, HOUR, kind, 'in all');
    },

    async admits(kind, { to, source, isOwn = false }) {
      const { seconds, perSource, perRecipient } = TERMS[kind] ?? NOTICE;
      const lookup = normaliseIdentifier(to);
      if (isOwn) return isWithin(OWN_MAILS, seconds, kind, 'own', lookup);
      if (!(await isWithin(perSource, seconds, kind, 'from', source, lookup))) return false;
      return isWithin(perRecipient, seconds, kind, 'to', lookup);
    },
  };
}
