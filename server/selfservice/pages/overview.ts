import { timeOfPassword } from '../../accounts/policy.ts';
import { accountPath } from '../../views/paths.ts';
import { type AccountEventView, APPS_COUNTED, type NameUnder } from '../../views/views.ts';
import { eventViews } from '../event_views.ts';
import { accountPage, type PageContext } from '../page.ts';

const RECENT_EVENTS = 3;
/** With no more codes than that the person should get new ones. */
const FEW_CODES = 3;

interface OverviewData {
  readonly emailVerified: boolean;
  readonly username?: string;
  /** Undefined when its age is not known. */
  readonly passwordSetAt?: Date;
  readonly hasPassword: boolean;
  readonly hasTotp: boolean;
  readonly passkeys: number;
  readonly recoveryCodes: number;
  readonly sessions: number;
  /** Counted no further than `APPS_COUNTED`. */
  readonly apps: number;
  /** Requests of apps that wait for the person's decision (CIBA). */
  readonly requests: number;
  readonly events: readonly AccountEventView[];
  readonly hints: readonly Hint[];
}

interface Hint {
  readonly name: NameUnder<'account.hint'>;
  /** The page that helps. */
  readonly href: string;
}

/** The account at a glance, with hints on what to improve. */
export default accountPage<OverviewData>({
  name: 'overview',
  guard: 'signed_in',

  async show(context) {
    const { parts, account } = context;
    const passwordSetAt = timeOfPassword(account);
    const [passkeys, codes, sessions, apps, requests, events] = await Promise.all([
      parts.passkeys.list(account),
      parts.recoveryCodes.remaining(account),
      parts.overview.countSessions(account.id),
      countApps(context),
      parts.waiting.of(account.id),
      parts.events.list(account, RECENT_EVENTS),
    ]);
    return {
      emailVerified: account.emailVerified,
      ...(account.username === undefined ? {} : { username: account.username }),
      ...(passwordSetAt === null ? {} : { passwordSetAt }),
      hasPassword: account.passwordHash !== null,
      hasTotp: account.secondFactors.includes('totp'),
      passkeys: passkeys.length,
      recoveryCodes: codes,
      sessions,
      apps,
      requests: requests.length,
      events: eventViews(context, events),
      hints: hintsFor(context, codes, requests.length),
    };
  },
});

function hintsFor({ account }: PageContext, codes: number, requests: number): Hint[] {
  const hasFactor = account.secondFactors.length > 0;
  const secondFactor = accountPath('second-factor');
  const hints = [
    { isShown: requests > 0, name: 'request_waiting', href: accountPath('requests') },
    { isShown: !hasFactor, name: 'no_second_factor', href: secondFactor },
    { isShown: hasFactor && codes === 0, name: 'no_recovery_codes', href: secondFactor },
    { isShown: hasFactor && codes > 0 && codes <= FEW_CODES, name: 'few_recovery_codes', href: secondFactor },
    { isShown: !account.emailVerified, name: 'email_unverified', href: accountPath('email') },
  ] as const;
  return hints.filter(({ isShown }) => isShown);
}

async function countApps({ parts, account }: PageContext): Promise<number> {
  const ids = await parts.overview.clientsOf(account.id, APPS_COUNTED + 2);
  const apps = await Promise.all(ids.map((id) => parts.findApp(id)));
  return apps.filter((app) => app && !app.builtin).length;
}
