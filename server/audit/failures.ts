import type { OutboundReason } from '../platform/outbound.ts';

/** Why the audit itself has nothing to send at a place of its log. */
export const NOTHING_TO_SEND = {
  event_changed: 'the entry was changed after it got its place in the log; see `cardea audit verify`',
  event_removed: 'the entry, or the head, is not in the database any more; see `cardea audit verify`',
  leaf_missing: 'the log itself has no such place any more; see `cardea audit verify`',
} as const;

export type NothingToSend = keyof typeof NOTHING_TO_SEND;

/** Words for the ways in which a delivery fails, each with what it means and what to do. */
export const FAILURES = {
  address: 'the host has an address that is not public; `CARDEA_OUTBOUND_ALLOW` allows it',
  busy: 'this node had too many requests under way: no attempt, it is sent again after 30 seconds',
  connection: 'no connection, one that broke, or a certificate that is not one of the host',
  error: 'something else failed on this node',
  lookup: 'no name server has answered: no attempt, it is sent again after 30 seconds',
  name: 'the host has no address: its name does not exist',
  redirect: 'the answer was a redirect, which is never followed: name the other URL',
  secret_unreadable:
    'the secret cannot be opened: another master key is in use; no attempt, it is sent again after 30 seconds',
  size: 'the answer had more than 64 KB',
  time: 'no answer in time',
  url: 'a port that is not allowed, or http to what is no loopback address',
  ...NOTHING_TO_SEND,
} as const satisfies Readonly<Record<OutboundReason | 'secret_unreadable' | 'error' | NothingToSend, string>>;

/** Failures that have a number or a code in their word; the first part of it, and the rest by an example. */
export const NUMBERED_FAILURES = {
  status_500: 'the status of the answer, of any number',
  EACCES: 'the code of the file system, such as `ENOSPC` for a full disk, for a file that cannot be written',
} as const satisfies Readonly<Partial<Record<FailureReason, string>>>;

/** Why a destination did not get something; the text of `last_failure` and of the `reason` of a dead letter. */
export type FailureReason = keyof typeof FAILURES | `status_${number}` | `E${string}`;

/** Why the server itself has disabled a destination: `disabled_reason`. */
export const DISABLED_REASONS = {
  dead_letters: 'it has 1,000 dead letters: send or drop some, and enable it',
  status_410: 'the receiver has answered that it wants nothing more (410)',
} as const;
export type DisabledReason = keyof typeof DISABLED_REASONS;
