import type { Account } from '../accounts/account.ts';
import type { Devices } from '../accounts/devices.ts';
import { LINK_LIFETIMES, type LinkPayload, type LinkPurpose, type Links } from '../accounts/links.ts';
import type { MailThrottle, ThrottledMail } from '../accounts/mail_throttle.ts';
import type { NoticeKind, QueuedIntent, QueuedMail } from '../accounts/mails.ts';
import { mustChange } from '../accounts/policy.ts';
import type { Standing } from '../accounts/standing.ts';
import type { Accounts } from '../accounts/store.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { Issuer } from '../platform/issuer.ts';
import { maskEmail } from '../platform/masking.ts';
import type { Mailbox } from '../platform/smtp_url.ts';
import { accountPath, linkPath } from '../views/paths.ts';
import type { ComposedMail, MailName, Views } from '../views/views.ts';

export interface Draft extends ComposedMail {
  readonly to: Mailbox;
  readonly locale: string;
  /** Stores the link; for a transaction before the mail is sent. */
  readonly linkStatements: readonly BoundStatement[];
}

export interface DraftParts {
  readonly accounts: Pick<Accounts, 'findById' | 'findByIdentifier'>;
  readonly devices: Pick<Devices, 'isKnown'>;
  readonly links: Pick<Links, 'create' | 'endAllOf'>;
  readonly views: Pick<Views, 'mail' | 'negotiate'>;
  readonly throttle: MailThrottle;
  /** Links start with it, never with anything that a request contained (couch-auth CVE-2025-70948). */
  readonly issuer: Issuer;
}

interface Plan {
  readonly name: MailName;
  /** Undefined for a sign-up. */
  readonly account: Account | undefined;
  readonly to: string;
  /** The account's address, for the text, when it is not its present one. */
  readonly email?: string;
  readonly newEmail?: string;
  readonly link?: { readonly purpose: LinkPurpose; readonly payload: LinkPayload };
  /** Used when the account has no locale. */
  readonly locale?: string;
}

type NoticeLink = (account: Account) => Plan['link'] | 'needless';

const none: NoticeLink = () => undefined;
const leaving: NoticeLink = ({ deletion }) => (deletion ? undefined : 'needless');

/** The link in each notice; `needless` when its reason has passed since it was queued. */
const NOTICE_LINKS: Readonly<Record<NoticeKind, NoticeLink>> = {
  verify_email: ({ email, emailVerified }) =>
    emailVerified ? 'needless' : { purpose: 'verify_email', payload: { email } },
  invitation: ({ email, epoch, passwordHash }) =>
    passwordHash === null ? { purpose: 'invitation', payload: { email, epoch } } : 'needless',
  locked: ({ email }) => ({ purpose: 'unlock', payload: { email } }),
  unlocked: none,
  new_device: none,
  second_factor_missing: none,
  password_changed: none,
  factor_added: none,
  factor_removed: none,
  recovery_codes_renewed: none,
  username_changed: none,
  deletion_asked: leaving,
  deletion_planned: leaving,
  deletion_inactive: leaving,
  deletion_undone: none,
  inactive: none,
  request_waiting: none,
};

/** Pages that a notice links to without a token: the recipient has to sign in there. */
const NOTICE_PAGES: Readonly<Partial<Record<MailName, string>>> = {
  request_waiting: accountPath('requests'),
  // signing in leads to the page where the account is kept
  deletion_asked: accountPath('overview'),
  deletion_inactive: accountPath('overview'),
  inactive: accountPath('overview'),
};

/** The mails to somebody whose account is not `active`. */
const SENT_TO_OTHERS: Readonly<Record<Exclude<Standing, 'active'>, ReadonlySet<MailName>>> = {
  disabled: new Set(),
  // GDPR Art. 18: the data are stored and not used
  restricted: new Set(),
  leaving: new Set(['deletion_asked', 'deletion_planned', 'deletion_inactive']),
};

/** True when the person of a mail gets mails of this kind at all. */
function mayGet({ name, account }: Plan): boolean {
  const standing = account?.standing ?? 'active';
  return standing === 'active' || SENT_TO_OTHERS[standing].has(name);
}

/**
 * Composes a queued mail from the present state of its account.
 * @returns undefined when there is nothing to send: the account does not exist, or the mail has become needless
 */
export function createDrafts(parts: DraftParts): (mail: QueuedMail) => Promise<Draft | undefined> {
  const { accounts, devices, links, views, throttle, issuer } = parts;

  async function plan(intent: QueuedIntent, at: number): Promise<Plan | undefined> {
    switch (intent.kind) {
      case 'reset': {
        const account = await accounts.findByIdentifier(intent.email);
        if (!account) return undefined;
        const { email, epoch } = account;
        const link = { purpose: 'reset_password', payload: { email, epoch } } as const;
        return { name: 'reset', account, to: email, link, locale: intent.locale };
      }
      case 'sign_up': {
        const account = await accounts.findByIdentifier(intent.email);
        const { email, locale } = intent;
        if (account) return { name: 'already_registered', account, to: account.email, locale };
        return { name: 'sign_up', account, to: email, link: { purpose: 'sign_up', payload: { email } }, locale };
      }
      case 'change_email':
      case 'email_changed':
        return planChange(intent, at);
      default: {
        const account = await accounts.findById(intent.accountId);
        const link = account && NOTICE_LINKS[intent.kind](account);
        if (!account || link === 'needless') return undefined;
        if (intent.kind === 'locked' && (intent.details?.factor ?? 'password') !== 'password') {
          // No link to unlock codes: an attacker who got as far as codes knows the password, and may read the mail too.
          return { name: 'codes_locked', account, to: account.email };
        }
        return { name: intent.kind, account, to: account.email, ...(link ? { link } : {}) };
      }
    }
  }

  async function planChange(
    intent: Extract<QueuedIntent, { kind: 'change_email' | 'email_changed' }>,
    at: number,
  ): Promise<Plan | undefined> {
    const account = await accounts.findById(intent.accountId);
    if (!account) return undefined;
    if (intent.kind === 'email_changed') {
      const { previous: email } = intent;
      const to = intent.to === 'old' ? email : account.email;
      return { name: 'email_changed', account, to, email, newEmail: account.email };
    }
    const newEmail = intent.email;
    if (intent.to === 'old') return { name: 'change_email_requested', account, to: account.email, newEmail };
    // A change of password cancels a change of address, also one whose mail has not been sent yet.
    // A password that an operator chose has no time of its own, and the person has not been signed in since.
    const { passwordSetAt } = account;
    if (mustChange(passwordSetAt) || (passwordSetAt !== null && passwordSetAt.getTime() > at)) return undefined;
    // The address belongs to another account, whose owner requested nothing; the requester must not learn that it exists.
    if (await accounts.findByIdentifier(newEmail)) return undefined;
    const { epoch } = account;
    const link = { purpose: 'change_email', payload: { email: newEmail, epoch } } as const;
    return { name: 'change_email', account, to: newEmail, newEmail, link };
  }

  /** Limits mails that another person can cause. A second attempt at the same mail is not counted again. */
  async function exceedsLimit({ name, account, to }: Plan, { intent, attempts }: QueuedMail): Promise<boolean> {
    // Only an operator can cause an invitation.
    if (intent === undefined || intent.kind === 'invitation' || attempts > 1) return false;
    const kind = throttledAs(name, intent);
    const accountId = 'accountId' in intent ? intent.accountId : undefined;
    const source = ('source' in intent ? intent.source : undefined) ?? accountId ?? '';
    // A page that asks for a mail has counted its network already; wrong passwords have not.
    if (kind === 'locked' && !(await throttle.mayAsk(kind, { network: source }))) return true;
    const cookie = 'device' in intent ? intent.device : undefined;
    const isOwn = account && cookie !== undefined ? (await devices.isKnown(account.id, cookie)).known : false;
    return !(await throttle.admits(kind, { to: account && to === account.email ? account.id : to, source, isOwn }));
  }

  function linkOf(name: MailName, made: { purpose: LinkPurpose; token: string } | undefined) {
    const page = NOTICE_PAGES[name];
    if (page !== undefined) return { link: { url: issuer.url(page) } };
    if (!made) return {};
    return { link: { url: linkUrl(issuer, made.purpose, made.token), lifetimeSeconds: LINK_LIFETIMES[made.purpose] } };
  }

  /** Ends links to a mistyped new address. Other earlier links keep working, since mails may arrive in another order. */
  function endEarlierLinks(purpose: LinkPurpose | undefined, account: Account | undefined): BoundStatement[] {
    return account && purpose === 'change_email' ? [links.endAllOf(account.id, purpose)] : [];
  }

  return async (mail) => {
    const { intent, at } = mail;
    const planned = intent && (await plan(intent, at));
    if (!planned || !mayGet(planned) || (await exceedsLimit(planned, mail))) return undefined;
    const { name, account, to, email = account?.email ?? to, newEmail, link, locale: requestedLocale } = planned;
    const locale = views.negotiate([account?.locale, requestedLocale].filter((one) => one !== undefined).join(' '));
    const made = link && links.create(link.purpose, { ...(account ? { account } : {}), payload: link.payload });
    const shown = shownIn(planned);
    const data = {
      email: shown.address(email),
      ...shown.name,
      ...(newEmail === undefined ? {} : { newEmail: shown.address(newEmail) }),
      ...(account?.zoneinfo === undefined ? {} : { timeZone: account.zoneinfo }),
      host: issuer.host,
      at,
      details: intent.details ?? {},
      ...linkOf(name, link && made && { purpose: link.purpose, token: made.token }),
    };
    return {
      ...views.mail(name, data, locale),
      to: { address: to, ...shown.name },
      locale,
      linkStatements: made ? [...endEarlierLinks(link?.purpose, account), made.bound] : [],
    };
  };
}

/**
 * The name and the addresses that a mail may show, none of which an attacker could choose: only the name of an account
 * with a verified address (or invited by an operator), and only the recipient's own address in full.
 */
function shownIn({ name, account, to, email }: Plan) {
  const ownAddresses = email === undefined ? [account?.email] : [account?.email, email];
  const isProved = account?.emailVerified === true && account.email === to;
  const greeted = account?.name !== undefined && (isProved || name === 'invitation') ? { name: account.name } : {};
  return {
    name: greeted,
    address: (one: string) => (one === to && ownAddresses.includes(one) ? one : maskEmail(one)),
  };
}

/** The kind that a mail is counted as: the same with and without an account, so that the limit does not reveal accounts. */
function throttledAs(name: MailName, { kind }: QueuedIntent): ThrottledMail {
  return name === 'codes_locked' || name === 'change_email_requested' ? name : kind;
}

function linkUrl(issuer: Issuer, purpose: LinkPurpose, token: string): string {
  const url = new URL(issuer.url(linkPath(purpose)));
  url.searchParams.set('token', token);
  return url.href;
}
