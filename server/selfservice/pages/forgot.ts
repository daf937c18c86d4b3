import { randomUUID } from 'node:crypto';
import { LINK_LIFETIMES } from '../../accounts/links.ts';
import { textField } from '../../platform/forms.ts';
import { subnet } from '../../platform/limits.ts';
import { PATHS } from '../../views/paths.ts';
import { mailRequestPage } from '../mail_request_page.ts';
import { linkAsked, localeOf, type PublicOptions, tooManyMails } from '../public_options.ts';

const IDENTIFIER_MAX = 320; // the longest e-mail address (RFC 5321 §4.5.3.1)

/**
 * A forgotten password. The response and the work are the same whether or not there is such an account: the typed text is
 * queued, and the account is looked up when the mail is written (authentik CVE-2023-39522).
 */
export default mailRequestPage({
  path: PATHS.forgotPassword,
  purpose: 'forgot',
  lifetimeSeconds: LINK_LIFETIMES.reset_password,
  isOffered: () => true,
  typedIn: (fields) => textField(fields, 'identifier').trim(),
  read: (typed) => (typed === '' ? undefined : typed),

  async mail({ options, request }, identifier) {
    const locale = localeOf(options, request);
    const source = subnet(request.ip);
    const device = options.deviceCookieOf(request);
    const mayMail =
      (await options.throttle.mayAsk('reset', { network: source })) ||
      (await isOwnBrowser(options, identifier, device));
    if (!mayMail) throw tooManyMails(options, request);
    if (identifier.length > IDENTIFIER_MAX) return;
    const details = options.origin(request);
    const intent = { kind: 'reset', email: identifier, locale, details, source } as const;
    await options.transact([
      options.mails.enqueue(device === undefined ? intent : { ...intent, device }, undefined),
      linkAsked(options, request, 'reset_password'),
    ]);
  },
});

/** True when the named person has signed in in this browser before. It costs the same when there is no such person. */
async function isOwnBrowser(
  { accounts, devices }: PublicOptions,
  identifier: string,
  device: string | undefined,
): Promise<boolean> {
  if (device === undefined) return false;
  const holders = await accounts.holdersOf([identifier]);
  const accountId = holders.get(accounts.lookupOf(identifier)) ?? randomUUID();
  return (await devices.isKnown(accountId, device)).known;
}
