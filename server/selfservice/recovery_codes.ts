import { pageReply, type Reply } from '../views/form_pages.ts';
import type { AccountDone } from '../views/views.ts';
import { accountView, frameOf, type PageContext } from './page.ts';

export const recoveryCodesView = accountView<{ codes: readonly string[] }>('recovery-codes', 'recovery-codes.title');

/** New recovery codes are shown in the response to the form: after a redirect nothing would be left to show them. */
export function showCodes(context: PageContext, codes: readonly string[], done?: AccountDone): Reply {
  const frame = frameOf(done === undefined ? context : { ...context, done }, 'second-factor');
  return pageReply(200, recoveryCodesView, { frame, codes });
}
