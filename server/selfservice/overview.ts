import { accountPath } from '../views/paths.ts';
import { type AccountHint, APPS_COUNTED } from '../views/views.ts';
import { eventViews } from './events.ts';
import { type AccountPage, frameOf, type PageContext } from './page.ts';

const RECENT = 3;
/** So few codes that the person should get new ones. */
const FEW_CODES = 3;

/** All there is, in a line each, and what is worth a look. */
export const overviewPage: AccountPage = {
  path: accountPath('overview'),
  sensitive: false,

  async show(context) {
    const { parts, account } = context;
    const [passkeys, codes, sessions, apps, requests, events] = await Promise.all([
      parts.passkeys.list(account),
      parts.recoveryCodes.remaining(account),
      parts.overview.countSessions(account.id),
      appsOf(context),
      parts.waiting.of(account.id),
      parts.events.list(account, RECENT),
    ]);
    return parts.views.render(
      'account/overview',
      {
        frame: frameOf(context, 'overview'),
        emailVerified: account.emailVerified,
        ...(account.username === undefined ? {} : { username: account.username }),
        ...(account.passwordSetAt === null ? {} : { passwordSetAt: account.passwordSetAt }),
        hasPassword: account.passwordHash !== null,
        hasTotp: account.secondFactors.includes('totp'),
        passkeys: passkeys.length,
        recoveryCodes: codes,
        sessions,
        apps,
        requests: requests.length,
        events: eventViews(context, events),
        hints: hintsFor(context, codes, requests.length),
      },
      context.locale,
    );
  },
};

function hintsFor({ account }: PageContext, codes: number, requests: number): AccountHint[] {
  const hasFactor = account.secondFactors.length > 0;
  const hints = [
    { name: 'request_waiting', href: accountPath('requests'), isShown: requests > 0 },
    { name: 'no_second_factor', href: accountPath('second-factor'), isShown: !hasFactor },
    { name: 'no_recovery_codes', href: accountPath('second-factor'), isShown: hasFactor && codes === 0 },
    {
      name: 'few_recovery_codes',
      href: accountPath('second-factor'),
      isShown: hasFactor && codes > 0 && codes <= FEW_CODES,
    },
    { name: 'email_unverified', href: accountPath('email'), isShown: !account.emailVerified },
  ] as const;
  return hints.filter(({ isShown }) => isShown);
}

async function appsOf({ parts, account }: PageContext): Promise<number> {
  const ids = await parts.overview.clientsOf(account.id, APPS_COUNTED + 2);
  const infos = await Promise.all(ids.map((id) => parts.findApp(id)));
  return infos.filter((info) => info && !info.builtin).length;
}
