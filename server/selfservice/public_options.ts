import type { FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Attempts } from '../accounts/attempts.ts';
import type { Devices } from '../accounts/devices.ts';
import type { EventDetails } from '../accounts/events.ts';
import type { LinkPurpose, Links } from '../accounts/links.ts';
import type { MailThrottle } from '../accounts/mail_throttle.ts';
import type { Mails } from '../accounts/mails.ts';
import type { PasswordChange } from '../accounts/password_change.ts';
import { type PersonEvents, userTarget } from '../accounts/person_events.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Csrf } from '../platform/csrf.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Issuer } from '../platform/issuer.ts';
import { inLanguage, preferredLanguages } from '../platform/languages.ts';
import type { Limit } from '../platform/limit.ts';
import { originOf } from '../platform/request_origin.ts';
import { ROW_BYTES, type WriteBounds } from '../platform/write_bounds.ts';
import type { Sessions } from '../ports/sessions.ts';
import type { Locale, NewPasswordView, Views } from '../views/views.ts';

/** The services that pages without a session use. */
export interface PublicOptions {
  readonly views: Views;
  readonly csrf: Csrf;
  readonly issuer: Issuer;
  /** By address: each form may cost a mail or a hash. */
  readonly formLimits: Readonly<Record<'link' | 'mail', Limit>>;
  readonly writes: Pick<WriteBounds, 'charge'>;
  /** Of the mails that one address may cause. */
  readonly mailLimit: Pick<Limit, 'look'>;
  /** The session, for links that need one. */
  readonly sessions: Pick<Sessions, 'current' | 'signInUrl'>;
  readonly throttle: MailThrottle;
  readonly mails: Pick<Mails, 'enqueue'>;
  readonly links: Links;
  readonly accounts: Pick<Accounts, 'findById' | 'create' | 'update' | 'updating' | 'holdersOf' | 'lookupOf'>;
  readonly devices: Pick<Devices, 'isKnown'>;
  /** The cookie that identifies the browser (accounts/devices.ts). */
  deviceCookieOf(request: FastifyRequest): string | undefined;
  readonly passwordChange: Pick<PasswordChange, 'hashFirst' | 'set'>;
  /** People may create accounts themselves. */
  readonly signUp: boolean;
  /** Limits on the form posts, and on reading the pages. */
  readonly limit: RouteShorthandOptions['config'];
  readonly readLimit: RouteShorthandOptions['config'];
  readonly transact: Db['transact'];
  readonly unlockPassword: Attempts['unlockPassword'];
  readonly personEvents: PersonEvents;
  /** The browser and the address of a request, for events and mails. */
  origin(request: FastifyRequest): EventDetails;
  /** The rules that a new password must keep, for its form. */
  readonly passwordRules: NewPasswordView['rules'];
}

export function localeOf({ views }: PublicOptions, request: FastifyRequest): Locale {
  return views.negotiate(preferredLanguages(request), request.headers['accept-language']);
}

/** The URL of a page or a form, with the language of the page that links to it. */
export function inSameLanguage(options: PublicOptions, request: FastifyRequest, path: string): string {
  const ownLocale = options.views.negotiate(undefined, request.headers['accept-language']);
  return inLanguage(path, localeOf(options, request), ownLocale);
}

/** The entry of a mail that was asked for; its recipient is not known yet. */
export function linkAsked(options: PublicOptions, request: FastifyRequest, purpose: LinkPurpose): BoundStatement {
  const about = { target: userTarget(''), changes: { purpose: { after: purpose } } };
  return options.personEvents.strangersEntry('links.ask', originOf(request), about);
}

/** A mail that waits, its entry in the audit, and the response that is stored for a form that is sent twice. */
const MAIL_BYTES = 4 * ROW_BYTES;

/** @throws AppError 429, 503 */
export async function countForm(
  { formLimits, writes }: PublicOptions,
  what: keyof PublicOptions['formLimits'],
  request: FastifyRequest,
): Promise<void> {
  await formLimits[what].consume(request.ip);
  if (what === 'mail') writes.charge(request.ip, MAIL_BYTES);
}

/** Too many mails were requested from this source, or in all; this does not depend on the recipient. */
export function tooManyMails({ mailLimit }: PublicOptions, request: FastifyRequest): AppError {
  const limit = { ...mailLimit.look(request.ip), remaining: 0 };
  return new AppError('rate_limited', 'too many mails have been asked for; try again in an hour', { limit });
}
