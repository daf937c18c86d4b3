import { textField } from '../platform/forms.ts';
import { pageOf } from '../platform/pages.ts';
import { accountPath } from '../views/paths.ts';
import { viewOfApp } from './apps.ts';
import { eventOf } from './notices.ts';
import { type AccountPage, frameOf, PAGE_SIZE, type PageContext, pagesView, wantedPage } from './page.ts';
import type { WaitingRequest } from './waiting_requests.ts';

/** What apps ask of the person while they are elsewhere: to approve is to sign in there, so it takes a fresh sign-in. */
export const requestsPage: AccountPage = {
  path: accountPath('requests'),
  sensitive: true,
  show: (context) => render(context, {}),

  async submit(context, fields) {
    const { parts, account, session } = context;
    const id = textField(fields, 'request');
    const verdict = fields.action === 'approve' ? 'approve' : 'deny';
    const done = verdict === 'approve' ? 'request_approved' : 'request_denied';
    const request = (await parts.waiting.of(account.id)).find((one) => one.id === id);
    const app = request && (await parts.findApp(request.clientId));
    if (!app) return gone(context);
    const also = [eventOf(context, done, app.name)];
    const decided = await parts.waiting.decide({ id, verdict, account, session, also });
    switch (decided.kind) {
      case 'done':
        return { kind: 'done', done, to: requestsPage.path };
      case 'weak':
        return { kind: 'sign_in', acr: decided.acr };
      case 'gone':
        return gone(context);
    }
  },
};

async function gone(context: PageContext) {
  return { kind: 'again', html: await render(context, { problem: { key: 'request_gone' } }) } as const;
}

async function render(context: PageContext, more: { problem?: { key: 'request_gone' } }): Promise<string> {
  const { parts, account, locale } = context;
  const rows = await parts.waiting.of(account.id, wantedPage(context));
  const { items, next } = pageOf(rows, PAGE_SIZE, ({ id, askedAt }) => ({ at: askedAt, id }));
  const views = await Promise.all(items.map((one) => viewOf(context, one)));
  const requests = views.filter((view) => view !== undefined);
  const pages = pagesView(requestsPage.path, context, next);
  const data = { frame: frameOf(context, 'requests'), ...more, requests, pages };
  return parts.views.render('account/requests', data, locale);
}

async function viewOf(context: PageContext, request: WaitingRequest) {
  const { id, clientId, bindingMessage, scopes, details, askedAt, expiresAt } = request;
  const app = await viewOfApp(context, clientId, request.resources);
  return (
    app && {
      id,
      ...app,
      ...(bindingMessage === undefined ? {} : { bindingMessage }),
      scopes,
      details: details.map((detail) => context.parts.describeDetail(detail, context.locale)),
      askedAt,
      expiresAt,
    }
  );
}
