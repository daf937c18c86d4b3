import type { RecoveryCodes } from '../accounts/recovery_codes.ts';
import type { BoundStatement } from '../platform/db.ts';
import { pageReply, type Reply } from '../views/form_pages.ts';
import type { AccountDone } from '../views/views.ts';
import { accountView, frameOf, type PageContext } from './page.ts';

export const recoveryCodesView = accountView<{ codes: readonly string[] }>('recovery-codes', 'recovery-codes.title');

/** The statements of new recovery codes that come with a person's first factor. @param codes undefined: there are some already */
export function newCodesOf(
  { parts, account, origin }: PageContext,
  codes: ReturnType<RecoveryCodes['prepare']> | undefined,
): readonly BoundStatement[] {
  return codes ? [...codes.bound, parts.personEvents.entry(account, 'recovery_codes.renew', origin)] : [];
}

/** New recovery codes are shown in the response to the form: after a redirect nothing would be left to show them. */
export function showCodes(context: PageContext, codes: readonly string[], done?: AccountDone): Reply {
  const frame = frameOf(done === undefined ? context : { ...context, done }, 'second-factor');
  return pageReply(200, recoveryCodesView, { frame, codes });
}
