import { type Accepted, acceptedAt } from '../../accounts/texts.ts';
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
  /** The versions of texts that the person had accepted when the app got its access. */
  readonly texts: readonly Pick<Accepted, 'kind' | 'version' | 'acceptedAt'>[];
}

/** Apps that the person has signed in to and what each may do. Input `client`: the app to take that from. */
export default accountPage<{ apps: readonly AppView[]; pages?: PagesView }>({
  name: 'apps',
  guard: 'signed_in',

  async show(context) {
    const { parts, account } = context;
    const rows = await parts.overview.grantsOf(account.id, wantedPage(context));
    const { items, next } = pageOf(rows, PAGE_SIZE, ({ clientId, until }) => ({ at: until, id: clientId }));
    const accepted = await parts.texts.acceptedBy(account.id);
    const views = await Promise.all(items.map((app) => viewOf(context, app, accepted)));
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
  accepted: readonly Accepted[],
): Promise<AppView | undefined> {
  const app = await viewOfApp(context, id, resources);
  const times = { ...(since ? { since } : {}), ...(lastUsedAt ? { lastUsedAt } : {}) };
  return app && { id, ...app, scopes, ...times, texts: since ? acceptedAt(accepted, since) : [] };
}
