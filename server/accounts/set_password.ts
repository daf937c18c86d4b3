import type { Bound, Db } from '../platform/db.ts';
import type { Account } from './account.ts';
import type { Links } from './links.ts';
import type { Mails } from './mails.ts';
import type { Passwords } from './passwords.ts';
import { checkNewPassword } from './policy.ts';

const SET = {
  name: 'accounts.set_own_password',
  text: 'UPDATE accounts SET password_hash = $2, epoch = epoch + 1 WHERE id = $1',
};

/** Stands in for password_change.ts, with its shape, until that is here. */
export function createSetPassword(parts: { db: Db; passwords: Passwords; links: Links; mails: Mails }) {
  const { db, passwords, links, mails } = parts;
  return {
    async check(_person: unknown, candidate: string): Promise<void> {
      checkNewPassword(candidate);
    },
    async set(account: Account, candidate: string, { also = [] }: { also?: readonly Bound[] }): Promise<void> {
      checkNewPassword(candidate);
      const hash = await passwords.hash(candidate);
      await db.transact([
        ...also,
        { statement: SET, values: [account.id, hash] },
        links.endAllOf(account.id),
        mails.enqueue({ kind: 'password_changed', accountId: account.id }),
      ]);
    },
  };
}
