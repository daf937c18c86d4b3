import { textField } from '../platform/forms.ts';
import { pageOf } from '../platform/pages.ts';
import type { AppOverview } from '../records/overview.ts';
import { accountPath } from '../views/paths.ts';
import { changesSomething, eventOf } from './notices.ts';
import { type AccountPage, frameOf, PAGE_SIZE, type PageContext, pagesView, wantedPage } from './page.ts';

/** Apps that the person has signed in to, what those may do, and a way to take that back. */
export const appsPage: AccountPage = {
  path: accountPath('apps'),
  sensitive: false,

  async show(context) {
    const { parts, account, locale } = context;
    const rows = await parts.overview.grantsOf(account.id, wantedPage(context));
    const { items, next } = pageOf(rows, PAGE_SIZE, ({ clientId, until }) => ({ at: until, id: clientId }));
    const views = await Promise.all(items.map((app) => viewOf(context, app)));
    const apps = views.filter((view) => view !== undefined);
    const pages = pagesView(appsPage.path, context, next);
    return parts.views.render('account/apps', { frame: frameOf(context, 'apps'), apps, pages }, locale);
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const clientId = textField(fields, 'client');
    const app = await parts.findApp(clientId);
    await changesSomething(context, [
      ...parts.overview.revokeApp(account.id, clientId),
      ...(app ? [eventOf(context, 'app_revoked', app.name)] : []),
    ]);
    return { kind: 'done', done: 'app_revoked', to: appsPage.path };
  },
};

async function viewOf(context: PageContext, { clientId: id, scopes, resources, since, lastUsedAt }: AppOverview) {
  const app = await viewOfApp(context, id, resources);
  return (
    app && {
      id,
      ...app,
      scopes,
      ...(since ? { since } : {}),
      ...(lastUsedAt ? { lastUsedAt } : {}),
    }
  );
}

/**
 * An app, and what it reaches elsewhere, by the names that people know.
 * @param resources scopes by RFC 8707 resource indicator
 * @returns undefined for one that is gone, or our own
 */
export async function viewOfApp(
  { parts }: PageContext,
  clientId: string,
  resources: Readonly<Record<string, readonly string[]>>,
) {
  const info = await parts.findApp(clientId);
  if (!info || info.builtin) return undefined;
  const { name, uri, logoUri, firstParty: isFirstParty } = info;
  return {
    client: { name, ...(uri ? { uri } : {}), ...(logoUri ? { logoUri } : {}) },
    isFirstParty,
    resources: await Promise.all(
      Object.entries(resources).map(async ([identifier, scopes]) => ({
        identifier,
        name: await parts.resourceServerName(identifier),
        scopes,
      })),
    ),
  };
}
