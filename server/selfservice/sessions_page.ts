import { place } from '../accounts/session_details.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { pageOf } from '../platform/pages.ts';
import { accountPath } from '../views/paths.ts';
import { forgetOtherDevices } from './devices.ts';
import { changesSomething, eventOf } from './notices.ts';
import {
  type AccountPage,
  frameOf,
  PAGE_SIZE,
  type PageAnswer,
  type PageContext,
  pagesView,
  wantedPage,
} from './page.ts';

/** Browsers in which the person is signed in. No fresh sign-in is asked for: whoever sees a stranger there must be quick. */
export const sessionsPage: AccountPage = {
  path: accountPath('sessions'),
  sensitive: false,

  async show(context) {
    const { parts, account, session, visitor, locale, after } = context;
    const currentUid = session.sessionUid;
    const [rows, current] = await Promise.all([
      parts.overview.sessionsOf(account.id, wantedPage(context), { except: currentUid }),
      // The one that the person is looking at comes first, whatever was used last.
      after === undefined ? parts.overview.sessionsOf(account.id, undefined, { only: currentUid }) : [],
    ]);
    const { items, next } = pageOf(rows, PAGE_SIZE, ({ uid, expiresAt }) => ({ at: expiresAt, id: uid }));
    const shown = [...current, ...items.filter(({ endsAt }) => endsAt === undefined || endsAt > context.now)];
    const details = await parts.sessionDetails.list(
      account,
      shown.map(({ uid }) => uid),
    );
    const sessions = shown.map(({ uid, authTime, endsAt }) => {
      const known = details.find(({ sessionUid }) => sessionUid === uid);
      return {
        uid,
        isCurrent: uid === session.sessionUid,
        ...(known?.browser === undefined ? {} : { browser: known.browser }),
        ...(known?.system === undefined ? {} : { system: known.system }),
        ...(known ? { place: { kind: place(known.network, visitor.address), network: known.network } } : {}),
        ...(authTime ? { signedInAt: authTime } : {}),
        ...(endsAt ? { endsAt } : {}),
        ...(known ? { lastSeenAt: known.lastSeenAt } : {}),
      };
    });
    const pages = pagesView(sessionsPage.path, context, next);
    return parts.views.render('account/sessions', { frame: frameOf(context, 'sessions'), sessions, pages }, locale);
  },

  async submit(context, fields) {
    return fields.action === 'end_others' ? endOthers(context) : endOne(context, fields);
  },
};

async function endOthers(context: PageContext): Promise<PageAnswer> {
  const { parts, account, session, deviceCookie } = context;
  const forget = parts.devices.forgetOthers(account.id, deviceCookie);
  const end = parts.overview.endSessions(account.id, { sessionUid: session.sessionUid, required: true });
  const ended = await changesSomething(context, [...end, forget, eventOf(context, 'session_ended')]);
  // Ending all other sessions also ends the trust in other browsers.
  if (!ended) await forgetOtherDevices(context);
  return { kind: 'done', done: 'sessions_ended', to: sessionsPage.path };
}

/** Of the account's own alone: that is part of the statements. */
async function endOne(context: PageContext, fields: Fields): Promise<PageAnswer> {
  const { parts, account } = context;
  const uid = textField(fields, 'session');
  await changesSomething(context, [...parts.overview.endSession(account.id, uid), eventOf(context, 'session_ended')]);
  return { kind: 'done', done: 'session_ended', to: sessionsPage.path };
}
