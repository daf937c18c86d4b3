import { textField } from '../../platform/forms.ts';
import { pageOf } from '../../platform/pages.ts';
import type { AppOverview } from '../../records/overview.ts';
import type { PagesView } from '../../views/views.ts';
import { type ListedApp, viewOfApp } from '../app_views.ts';
import { PAGE_SIZE, pagesView, wantedPage } from '../lists.ts';
import { changesSomething, eventsOf } from '../notices.ts';
import { accountPage, done, type PageContext } from '../page.ts';

interface AppView extends ListedApp {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly since?: Date;
  readonly lastUsedAt?: Date;
}

/** Apps that the person has signed in to and what each may do. Input `client`: the app to take that from. */
export default accountPage<{ apps: readonly AppView[]; pages?: PagesView }>({
  name: 'apps',
  guard: 'signed_in',

  async show(context) {
    const { parts, account } = context;
    const rows = await parts.overview.grantsOf(account.id, wantedPage(context));
    const { items, next } = pageOf(rows, PAGE_SIZE, ({ clientId, until }) => ({ at: until, id: clientId }));
    const views = await Promise.all(items.map((app) => viewOf(context, app)));
    return { apps: views.filter((view) => view !== undefined), pages: pagesView('apps', context, next) };
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const clientId = textField(fields, 'client');
    const app = await parts.findApp(clientId);
    await changesSomething(context, [
      ...parts.overview.revokeApp(account.id, clientId),
      ...(app ? eventsOf(context, 'app_revoked', { subject: app.name, target: { kind: 'client', id: clientId } }) : []),
    ]);
    return done('app_revoked', 'apps');
  },
});

async function viewOf(
  context: PageContext,
  { clientId: id, scopes, resources, since, lastUsedAt }: AppOverview,
): Promise<AppView | undefined> {
  const app = await viewOfApp(context, id, resources);
  return app && { id, ...app, scopes, ...(since ? { since } : {}), ...(lastUsedAt ? { lastUsedAt } : {}) };
}
