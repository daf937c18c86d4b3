import type { Clock } from '../platform/clock.ts';
import type { Limit, ServerLimit } from '../platform/limit.ts';
import { type Counter, widerSubnet } from '../platform/limits.ts';
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

/** The limits of mails (limit_table.ts). */
export interface MailLimits {
  /** Mails of one kind in an hour that were asked for: by an account, from a network and in all. */
  readonly requests: { readonly account: Limit; readonly address: Limit; readonly server: ServerLimit };
  /**
   * Mails with a link, while a link lives: a recipient who gets no further mail still has a working link. From one source,
   * from a browser of the person's own, and in all.
   */
  readonly withLink: Readonly<Record<'source' | 'browser' | 'recipient', number>>;
  /** Mails about requests of apps, in an hour. */
  readonly ofRequests: Readonly<Record<'client' | 'recipient', Limit>>;
  /** Notices about an account, in an hour: far more than a person causes. */
  readonly notices: Readonly<Record<'recipient', Limit>>;
}

/** The lifetimes of links, in seconds. */
const LIFETIMES: Readonly<Partial<Record<ThrottledMail, number>>> = {
  reset: LINK_LIFETIMES.reset_password,
  sign_up: LINK_LIFETIMES.sign_up,
  change_email: LINK_LIFETIMES.change_email,
  verify_email: LINK_LIFETIMES.verify_email,
  locked: LINK_LIFETIMES.unlock,
};

export function createMailThrottle(parts: {
  counter: Counter;
  indexKey: Uint8Array;
  limits: MailLimits;
  now: Clock;
}): MailThrottle {
  const { counter, indexKey, limits, now } = parts;
  const hidden = (...what: readonly string[]) =>
    blindIndex(indexKey, `mail throttle ${JSON.stringify(what)}`).toString('base64url');

  /** @returns whether this one is among the first `most` in the lifetime of a link */
  async function isWithin(most: number, seconds: number, ...what: readonly string[]): Promise<boolean> {
    // The window is part of the key, so that each window has a new counter.
    const key = `mail:${hidden(...what)}:${Math.floor(now() / 1_000 / seconds)}`;
    return (await counter.increment(key, seconds * 1_000)) <= most;
  }

  return {
    // One after the other: a request that the narrower limit refuses does not count towards the wider one.
    async mayAsk(kind, { account, network }) {
      const { requests } = limits;
      if (account !== undefined && !(await requests.account.admits(hidden(kind, 'by account', account)))) return false;
      if (network !== undefined && !(await requests.address.admits(hidden(kind, 'by network', network)))) return false;
      const share = network === undefined ? (account ?? '') : widerSubnet(network);
      return requests.server.admits(hidden('share', share), { part: kind });
    },

    async admits(kind, { to, source, isOwn = false }) {
      const lookup = normaliseIdentifier(to);
      const seconds = LIFETIMES[kind];
      if (seconds !== undefined) {
        const { withLink } = limits;
        if (isOwn) return isWithin(withLink.browser, seconds, kind, 'own', lookup);
        if (!(await isWithin(withLink.source, seconds, kind, 'from', source, lookup))) return false;
        return isWithin(withLink.recipient, seconds, kind, 'to', lookup);
      }
      if (kind !== 'request_waiting') return limits.notices.recipient.admits(hidden(kind, 'to', lookup));
      if (!(await limits.ofRequests.client.admits(hidden(kind, 'from', source, lookup)))) return false;
      return limits.ofRequests.recipient.admits(hidden(kind, 'to', lookup));
    },
  };
}
