import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { redirectTo } from '../platform/forms.ts';
import { type Admission, formRoute } from '../views/form_pages.ts';
import { linkRoute } from './links.ts';
import type { MailRequestPage, VisitorContext } from './mail_request_page.ts';
import { loadPages } from './pages.ts';
import { localeOf, type PublicOptions } from './public_options.ts';
import { createVisitors } from './visitor.ts';

/** Pages for people who are not signed in: a forgotten password, signing up, and the pages that mailed links lead to. */
export async function publicRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  for (const page of await loadPages()) {
    if (page.guard === 'link') linkRoute(app, options, page);
    if (page.guard === 'visitor' && page.isOffered(options)) mailRequestRoute(app, options, page);
  }
}

function mailRequestRoute(app: FastifyInstance, options: PublicOptions, page: MailRequestPage): void {
  const { views, csrf, limit, readLimit } = options;
  const visitors = createVisitors(options.issuer, csrf);
  const subjectOf = (visitor: string) => `${page.path} ${visitor}`;

  /** Another site's form has no visitor of this site, so it cannot make a browser request a mail. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Admission<VisitorContext>> {
    const newToken = () => csrf.tokenFor(subjectOf(visitors.readOrCreate(request, reply)));
    const context: VisitorContext = { options, request, reply, newToken };
    const visitor = visitors.read(request);
    if (visitor !== '' || request.method !== 'POST') return { context, subject: subjectOf(visitor) };
    return { denied: { kind: 'page', status: 403, content: page.showWithoutCookie(context) } };
  }

  const guarded = { path: page.path, guard: admit, show: page.show, ...(page.submit && { submit: page.submit }) };
  formRoute(app, guarded, { views, csrf, limit, readLimit, localeOf: (request) => localeOf(options, request) });
  app.get(`${page.path}/`, async (_request, reply) => redirectTo(reply, page.path));
}
