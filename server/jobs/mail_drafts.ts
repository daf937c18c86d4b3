import type { Account } from '../accounts/account.ts';
import { LINK_LIFETIMES, type LinkPayload, type LinkPurpose, type Links } from '../accounts/links.ts';
import type { MailThrottle } from '../accounts/mail_throttle.ts';
import type { NoticeKind, QueuedIntent, QueuedMail } from '../accounts/mails.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Bound } from '../platform/db.ts';
import type { Mailbox } from '../platform/smtp_url.ts';
import type { ComposedMail, MailName, Views } from '../views/views.ts';

export interface Draft extends ComposedMail {
  readonly to: Mailbox;
  readonly locale: string;
  /** Makes the link in it work; before it is sent. */
  readonly before: readonly Bound[];
}

export interface DraftParts {
  readonly accounts: Pick<Accounts, 'findById' | 'findByIdentifier'>;
  readonly links: Pick<Links, 'create' | 'endAllOf'>;
  readonly views: Pick<Views, 'mail' | 'negotiate'>;
  readonly throttle: MailThrottle;
  /** Where links lead. Nothing that a request said has a part in it (couch-auth CVE-2025-70948). */
  readonly issuer: URL;
}

interface Plan {
  readonly name: MailName;
  /** Undefined: nobody yet. */
  readonly account: Account | undefined;
  readonly to: string;
  readonly newEmail?: string;
  readonly link?: { readonly purpose: LinkPurpose; readonly payload: LinkPayload };
  /** Whose language to speak when the account has none. */
  readonly locale?: string;
}

type NoticeLink = (account: Account) => Plan['link'] | 'needless';

const none: NoticeLink = () => undefined;

/** What each notice links to, or that it has become needless since it was queued. */
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
  request_waiting: none,
};

/** Pages that a notice leads to, without making anybody somebody. */
const NOTICE_PAGES: Readonly<Partial<Record<MailName, string>>> = { request_waiting: '/account/requests' };

/** Mails that somebody else can have sent, by what they are counted together with: none may use up another's. */
const STRANGERS: Readonly<Partial<Record<MailName, string>>> = {
  reset: '',
  sign_up: '',
  already_registered: '',
  locked: '',
  request_waiting: 'requests of apps ',
};

/**
 * From what was queued to what is sent, by how things are now.
 * @returns undefined when there is nothing to send: no such person, or it has become needless
 */
export function createDrafts(parts: DraftParts): (mail: QueuedMail) => Promise<Draft | undefined> {
  const { accounts, links, views, throttle, issuer } = parts;

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
          // What is mailed opens no lock of codes: whoever got so far knows the password, and may read the mail as well.
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
      const to = intent.to === 'old' ? intent.previous : account.email;
      return { name: 'email_changed', account: { ...account, email: intent.previous }, to, newEmail: account.email };
    }
    const newEmail = intent.email;
    if (intent.to === 'old') return { name: 'change_email_requested', account, to: account.email, newEmail };
    // Whoever changes the password stops a change of address, also one whose mail has not gone out yet.
    if (account.passwordSetAt !== null && account.passwordSetAt.getTime() > at) return undefined;
    // Somebody else's address: they have not asked for anything, and whoever asked is not told that they exist.
    if (await accounts.findByIdentifier(newEmail)) return undefined;
    const { epoch } = account;
    const link = { purpose: 'change_email', payload: { email: newEmail, epoch } } as const;
    return { name: 'change_email', account, to: newEmail, newEmail, link };
  }

  /** What a stranger can have sent. A mail that is tried again was counted before. */
  async function isTooMuch({ name, account, to }: Plan, tries: number): Promise<boolean> {
    const bucket = STRANGERS[name];
    return bucket !== undefined && tries === 1 && !(await throttle.admits(bucket + (account?.id ?? to)));
  }

  function linkOf(name: MailName, made: { purpose: LinkPurpose; token: string } | undefined) {
    const page = NOTICE_PAGES[name];
    if (page !== undefined) return { link: { url: new URL(page, issuer).href } };
    if (!made) return {};
    return { link: { url: linkUrl(issuer, made.purpose, made.token), lifetimeSeconds: LINK_LIFETIMES[made.purpose] } };
  }

  /** A mistyped new address must not stay good. Of other links the earlier go on working: mails overtake one another. */
  function replacedBy(purpose: LinkPurpose | undefined, account: Account | undefined): Bound[] {
    return account && purpose === 'change_email' ? [links.endAllOf(account.id, purpose)] : [];
  }

  return async ({ intent, at, tries }) => {
    const planned = intent && (await plan(intent, at));
    if (!planned || planned.account?.disabled || (await isTooMuch(planned, tries))) return undefined;
    const { name, account, to, newEmail, link, locale: asked } = planned;
    const locale = views.negotiate([account?.locale, asked].filter((one) => one !== undefined).join(' '));
    const made =
      link && links.create(link.purpose, { ...(account ? { accountId: account.id } : {}), payload: link.payload });
    const data = {
      email: account?.email ?? to,
      ...(account?.name === undefined ? {} : { name: account.name }),
      ...(newEmail === undefined ? {} : { newEmail }),
      ...(account?.zoneinfo === undefined ? {} : { timeZone: account.zoneinfo }),
      host: issuer.host,
      at,
      details: intent.details ?? {},
      ...linkOf(name, link && made && { purpose: link.purpose, token: made.token }),
    };
    return {
      ...views.mail(name, data, locale),
      to: { address: to, ...(account?.name === undefined ? {} : { name: account.name }) },
      locale,
      before: made ? [...replacedBy(link?.purpose, account), made.bound] : [],
    };
  };
}

function linkUrl(issuer: URL, purpose: LinkPurpose, token: string): string {
  const url = new URL(`/account/link/${purpose}`, issuer);
  url.searchParams.set('token', token);
  return url.href;
}
