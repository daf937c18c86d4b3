import { invalidInput } from '../platform/errors.ts';
import { blindIndex, type HashKey, type Place, type Sealer } from '../platform/sealing.ts';
import type { Account } from './account.ts';
import { isAccountId } from './identifiers.ts';

/** OpenID Connect Core §2: at most 255 characters of ASCII. */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;
/** URLs are ids of clients, so a person's `sub` must not be one: it would look like a client (RFC 9068 §5). */
const URL_OF_CLIENT = /^https?:/i;

/** True for a `sub` that is the id of an account, and not an imported one. */
export function isOwnSubject(sub: string): boolean {
  return isAccountId(sub) && sub === sub.toLowerCase();
}

/** @throws AppError `invalid_input`, field `sub` */
export function checkSubject(sub: string): void {
  if (!SUBJECT.test(sub)) throw invalidInput('sub', 'must be 1 to 255 visible characters of ASCII');
  if (URL_OF_CLIENT.test(sub)) throw invalidInput('sub', 'must not be a URL, for those are ids of clients');
}

/** The `sub` that apps know: an imported one, or the id of the account. */
export function subjectOf({ id, subject }: Pick<Account, 'id' | 'subject'>): string {
  return subject ?? id;
}

/** The lookup key of a subject that is not an account id. It is compared exactly, as apps do it. */
export function subjectLookup(indexKey: HashKey, sub: string): Buffer {
  return blindIndex(indexKey, `sub\n${sub}`);
}

function subjectPlace(id: string): Place {
  return { table: 'accounts', column: 'sealed_subject', row: id };
}

export function sealSubject(accountSealer: Sealer, id: string, sub: string): Buffer {
  return accountSealer.seal(subjectPlace(id), Buffer.from(sub));
}

export function openSubject(accountSealer: Sealer, id: string, sealed: Buffer): string {
  return accountSealer.open(subjectPlace(id), sealed).toString();
}
