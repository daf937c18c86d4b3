import { visitorDetails } from '../accounts/session_details.ts';
import type { PublicOptions } from '../selfservice/public_options.ts';
import type { FormParts, SharedByForms } from './form_parts.ts';

/** The pages that ask for a mail, and those that mailed links lead to. */
export function publicOptions(
  { infrastructure, accountServices }: FormParts,
  { deviceCookie, limit, readLimit, sessions }: SharedByForms,
): PublicOptions {
  const { config, db, limits, csrf, views, writes } = infrastructure;
  const { accounts, attempts, devices, links, mails, passwords, personEvents, throttle } = accountServices;
  return {
    views,
    csrf,
    issuer: config.issuer,
    formLimits: { link: limits['mailed-links'].address, mail: limits['mail-forms'].address },
    writes,
    mailLimit: limits['mail-requests'].address,
    sessions,
    throttle,
    devices,
    deviceCookieOf: deviceCookie.read,
    mails,
    links,
    accounts,
    passwordChange: passwords.change,
    passwordRules: passwords.policy.rules,
    signUp: config.signUp,
    limit,
    readLimit,
    transact: db.transact,
    unlockPassword: attempts.unlockPassword,
    personEvents,
    origin: (request) => visitorDetails({ userAgent: request.headers['user-agent'], address: request.ip }),
  };
}
