import { textField } from '../../platform/forms.ts';
import { pageOf } from '../../platform/pages.ts';
import type { WaitingRequest } from '../../ports/waiting_requests.ts';
import { again } from '../../views/form_pages.ts';
import type { DetailView, PagesView } from '../../views/views.ts';
import { type ListedApp, viewOfApp } from '../app_views.ts';
import { PAGE_SIZE, pagesView, wantedPage } from '../lists.ts';
import { eventsOf } from '../notices.ts';
import { accountPage, done, type PageContext } from '../page.ts';

interface RequestView extends ListedApp {
  readonly id: string;
  /** Shown or said by the app as well, for the person to compare. */
  readonly bindingMessage?: string;
  readonly scopes: readonly string[];
  readonly details: readonly DetailView[];
  readonly requestedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Requests of apps for a sign-in elsewhere (CIBA). To approve one is to sign in there, so it takes a fresh sign-in.
 * `action` is `approve` or `deny` (input `request`).
 */
export default accountPage<{ requests: readonly RequestView[]; pages?: PagesView }>({
  name: 'requests',
  guard: 'fresh_sign_in',

  async show(context) {
    const { parts, account } = context;
    const rows = await parts.waiting.of(account.id, wantedPage(context));
    const { items, next } = pageOf(rows, PAGE_SIZE, ({ id, requestedAt }) => ({ at: requestedAt, id }));
    const views = await Promise.all(items.map((one) => viewOf(context, one)));
    return { requests: views.filter((view) => view !== undefined), pages: pagesView('requests', context, next) };
  },

  async submit(context, fields) {
    const { parts, account, session } = context;
    const id = textField(fields, 'request');
    const verdict = fields.action === 'approve' ? 'approve' : 'deny';
    const what = verdict === 'approve' ? 'request_approved' : 'request_denied';
    const request = (await parts.waiting.of(account.id)).find((one) => one.id === id);
    const app = request && (await parts.findApp(request.clientId));
    if (!app) return again({ key: 'request_gone' });
    const about = { subject: app.name, target: { kind: 'client', id: request.clientId } };
    const also = eventsOf(context, what, about);
    const decided = await parts.waiting.decide({ id, verdict, account, session, origin: context.origin, also });
    switch (decided.kind) {
      case 'done':
        return done(what, 'requests');
      case 'weak':
        return { kind: 'sign_in', to: context.signInUrl(decided.acr) };
      case 'gone':
        return again({ key: 'request_gone' });
    }
  },
});

async function viewOf(context: PageContext, request: WaitingRequest): Promise<RequestView | undefined> {
  const { id, clientId, bindingMessage, scopes, details, requestedAt, expiresAt } = request;
  const app = await viewOfApp(context, clientId, request.resources);
  return (
    app && {
      id,
      ...app,
      ...(bindingMessage === undefined ? {} : { bindingMessage }),
      scopes,
      details: details.map((detail) => context.parts.describeDetail(detail, context.locale)),
      requestedAt,
      expiresAt,
    }
  );
}
