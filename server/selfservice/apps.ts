import { textField } from '../platform/forms.ts';
import type { AppOverview } from '../records/overview.ts';
import { eventOf } from './notices.ts';
import { ACCOUNT_PATH, type AccountPage, frameOf, type PageContext } from './page.ts';

/** Apps that the person has signed in to, what those may do, and a way to take that back. */
export const appsPage: AccountPage = {
  path: `${ACCOUNT_PATH}/apps`,
  sensitive: false,

  async show(context) {
    const { parts, account, locale } = context;
    const apps = await parts.overview.grantsOf(account.id);
    const views = await Promise.all(apps.map((app) => viewOf(context, app)));
    const shown = views.filter((view) => view !== undefined);
    return parts.views.render('account/apps', { frame: frameOf(context, 'apps'), apps: shown }, locale);
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const clientId = textField(fields, 'client');
    const app = await parts.findApp(clientId);
    await parts.transact([
      ...parts.overview.revokeApp(account.id, clientId),
      ...(app ? [eventOf(context, 'app_revoked', app.name)] : []),
    ]);
    return { kind: 'done', done: 'app_revoked', to: appsPage.path };
  },
};

async function viewOf({ parts }: PageContext, app: AppOverview) {
  const { clientId: id, scopes, since, lastUsedAt } = app;
  const info = await parts.findApp(id);
  if (!info || info.builtin) return undefined;
  const { name, uri, logoUri, firstParty: isFirstParty } = info;
  const resources = await Promise.all(
    Object.entries(app.resources).map(async ([identifier, allowed]) => ({
      identifier,
      name: await parts.resourceServerName(identifier),
      scopes: allowed,
    })),
  );
  return {
    id,
    client: { name, ...(uri ? { uri } : {}), ...(logoUri ? { logoUri } : {}) },
    isFirstParty,
    scopes,
    resources,
    ...(since ? { since } : {}),
    ...(lastUsedAt ? { lastUsedAt } : {}),
  };
}
