import { place } from '../../accounts/session_details.ts';
import { textField } from '../../platform/forms.ts';
import { pageOf } from '../../platform/pages.ts';
import type { BrowserView, PagesView, PlaceView } from '../../views/views.ts';
import { PAGE_SIZE, pagesView, wantedPage } from '../lists.ts';
import { changesSomething, eventsOf } from '../notices.ts';
import { forgetOtherDevices } from '../other_devices.ts';
import { accountPage, done, type PageContext } from '../page.ts';

interface SessionView extends BrowserView {
  readonly uid: string;
  readonly isCurrent: boolean;
  readonly place?: PlaceView;
  readonly signedInAt?: Date;
  readonly lastSeenAt?: Date;
  /** The absolute end, which use does not extend. */
  readonly endsAt?: Date;
}

/**
 * Browsers in which the person is signed in. It needs no fresh sign-in, so that a person who finds an unknown browser
 * can sign it out at once. `action` is `end` (input `session`) or `end_others`.
 */
export default accountPage<{ sessions: readonly SessionView[]; pages?: PagesView }>({
  name: 'sessions',
  guard: 'signed_in',

  async show(context) {
    const { parts, account, session, origin, after } = context;
    const currentUid = session.sessionUid;
    const [rows, current] = await Promise.all([
      parts.overview.sessionsOf(account.id, wantedPage(context), { except: currentUid }),
      // The current session comes first, in any order of the others.
      after === undefined ? parts.overview.sessionsOf(account.id, undefined, { only: currentUid }) : [],
    ]);
    const { items, next } = pageOf(rows, PAGE_SIZE, ({ uid, expiresAt }) => ({ at: expiresAt, id: uid }));
    const shown = [...current, ...items.filter(({ endsAt }) => endsAt === undefined || endsAt > context.now)];
    const details = await parts.sessionDetails.list(
      account,
      shown.map(({ uid }) => uid),
    );
    const sessions = shown.map(({ uid, authTime, endsAt }) => {
      const browser = details.find(({ sessionUid }) => sessionUid === uid);
      return {
        uid,
        isCurrent: uid === session.sessionUid,
        ...(browser?.browser === undefined ? {} : { browser: browser.browser }),
        ...(browser?.system === undefined ? {} : { system: browser.system }),
        ...(browser ? { place: { kind: place(browser.network, origin.address), network: browser.network } } : {}),
        ...(authTime ? { signedInAt: authTime } : {}),
        ...(endsAt ? { endsAt } : {}),
        ...(browser ? { lastSeenAt: browser.lastSeenAt } : {}),
      };
    });
    return { sessions, pages: pagesView('sessions', context, next) };
  },

  async submit(context, fields) {
    const { parts, account } = context;
    if (fields.action === 'end_others') {
      await endOthers(context);
      return done('sessions_ended', 'sessions');
    }
    // The statement itself ends sessions of this account only.
    const uid = textField(fields, 'session');
    const end = parts.overview.endSession(account.id, uid);
    const events = eventsOf(context, 'session_ended', { target: { kind: 'session', id: uid } });
    await changesSomething(context, [...end, ...events]);
    return done('session_ended', 'sessions');
  },
});

/** Ends all other sessions, and the trust in other browsers with them. */
async function endOthers(context: PageContext): Promise<void> {
  const { parts, account, session, deviceCookie } = context;
  const forget = parts.devices.forgetOthers(account.id, deviceCookie);
  const end = parts.overview.endSessions(account.id, { sessionUid: session.sessionUid, required: true });
  const events = eventsOf(context, 'session_ended', { changes: { all_others: { after: true } } });
  const ended = await changesSomething(context, [...end, forget, ...events]);
  if (!ended) await forgetOtherDevices(context);
}
