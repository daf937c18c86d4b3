import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Csrf } from '../platform/csrf.ts';
import { type Fields, readForm, redirectTo, sendFile, sendPage } from '../platform/forms.ts';
import type { Locale } from './messages.ts';
import type { View } from './view.ts';
import type { Views } from './views.ts';

/** A page that is written once its language is known. */
export type Content = (views: Views, locale: Locale) => string;

/** The result of a guard or a form; `send` below turns it into the response. */
export type Reply =
  | { readonly kind: 'page'; readonly status: number; readonly content: Content }
  /** `to`: one of this server's own paths. */
  | { readonly kind: 'redirect'; readonly to: string }
  /** A file that the browser saves. It is not stored for a form that is sent again. */
  | { readonly kind: 'file'; readonly name: string; readonly type: string; readonly body: Buffer }
  /** The form was not carried out: the person has to sign in again first, and then sends it again. */
  | { readonly kind: 'sign_in'; readonly to: string }
  /** The authorization request continues, or a stored response is sent again: `run` writes the response. */
  | { readonly kind: 'delegate'; run(): Promise<unknown> };

/** Shows the form's page again, with the problem. */
export interface Again<Problem> {
  readonly kind: 'again';
  readonly problem: Problem | undefined;
}

/** A form that was refused. */
export interface Refused<Problem> {
  readonly fields: Fields;
  readonly problem: Problem | undefined;
}

/** A page and its form: how it looks, what it shows, and what it does when the form is sent. */
export interface FormPage<Context, Data, Problem, Result extends { readonly kind: string } = Reply> {
  readonly view: View<Data>;
  /** @param refused the form that was sent, when its page is shown again with the problem */
  show(context: Context, refused?: Refused<Problem>): Data | Promise<Data>;
  submit?(context: Context, fields: Fields): Promise<Result | Again<Problem>>;
}

/** A form page without its own types, so that a table can hold pages of different data. */
export interface AnyFormPage<Context, Result extends { readonly kind: string } = Reply> {
  show(context: Context): Promise<Content>;
  readonly submit?: (context: Context, fields: Fields) => Promise<Result | Extract<Reply, { kind: 'page' }>>;
}

export function formPage<Context, Data, Problem, Result extends { readonly kind: string } = Reply>(
  page: FormPage<Context, Data, Problem, Result>,
): AnyFormPage<Context, Result> {
  const show = async (context: Context, refused?: Refused<Problem>) =>
    contentOf(page.view, await page.show(context, refused));
  const submit = page.submit?.bind(page);
  return {
    show,
    ...(submit && {
      async submit(context: Context, fields: Fields) {
        const result = await submit(context, fields);
        if (!isAgain(result)) return result;
        return { kind: 'page', status: 400, content: await show(context, { fields, problem: result.problem }) };
      },
    }),
  };
}

function isAgain<Problem>(result: { readonly kind: string } | Again<Problem>): result is Again<Problem> {
  return result.kind === 'again';
}

export function again<Problem>(problem?: Problem): Again<Problem> {
  return { kind: 'again', problem };
}

export function contentOf<Data>(view: View<Data>, data: NoInfer<Data>): Content {
  return (views, locale) => views.render(view, data, locale);
}

export function pageReply<Data>(status: number, view: View<Data>, data: NoInfer<Data>): Reply {
  return { kind: 'page', status, content: contentOf(view, data) };
}

/** Decides who may open a page. A page needs the context that the guard returns, so a guard that fails denies access. */
export type Guard<Context> = (request: FastifyRequest, reply: FastifyReply) => Promise<Admission<Context>>;

export type Admission<Context> =
  /** `subject`: the subject of the form's CSRF token (platform/csrf.ts). */
  | { readonly context: Context; readonly subject: string }
  /** With a subject the form's token is checked before `denied` is sent. */
  | { readonly denied: Reply; readonly subject?: string };

export interface FormRoute<Context> extends AnyFormPage<Context> {
  readonly path: string;
  readonly guard: Guard<Context>;
}

export interface FormRouteParts {
  readonly views: Views;
  readonly csrf: Csrf;
  /** Limits on the form posts. */
  readonly limit: RouteShorthandOptions['config'];
  /** Limits on reading the page, where reading costs a look-up by a token. */
  readonly readLimit?: RouteShorthandOptions['config'];
  localeOf(request: FastifyRequest): Locale;
  /** Runs around each request of the page; default: nothing does. */
  within?(request: FastifyRequest, reply: FastifyReply, work: () => Promise<unknown>): Promise<unknown>;
}

/** The one way in which a page with a form is served: its guard, then the form's token, then the page. */
export function formRoute<Context>(app: FastifyInstance, page: FormRoute<Context>, parts: FormRouteParts): void {
  const { views, csrf, limit, readLimit = {}, localeOf } = parts;
  const within = parts.within ?? ((_request, _reply, work) => work());

  app.get(page.path, { config: { ...readLimit } }, (request, reply) =>
    within(request, reply, async () => {
      const entry = await page.guard(request, reply);
      if ('denied' in entry) return send(request, reply, entry.denied);
      return send(request, reply, { kind: 'page', status: 200, content: await page.show(entry.context) });
    }),
  );

  const { submit } = page;
  if (!submit) return;
  app.post(page.path, { config: { ...limit } }, (request, reply) =>
    within(request, reply, async () => {
      const entry = await page.guard(request, reply);
      // A guard's denial is not stored: the guard decides again when the form is sent again.
      if (request.form) request.form.storesResponse = false;
      if ('denied' in entry) {
        if (entry.subject !== undefined) readForm(request, csrf, entry.subject);
        return send(request, reply, entry.denied);
      }
      const result = await submit(entry.context, readForm(request, csrf, entry.subject));
      if (request.form) request.form.storesResponse = result.kind !== 'sign_in' && result.kind !== 'file';
      return send(request, reply, result);
    }),
  );

  async function send(request: FastifyRequest, reply: FastifyReply, result: Reply): Promise<unknown> {
    switch (result.kind) {
      case 'page':
        return sendPage(reply, result.status, result.content(views, localeOf(request)));
      case 'redirect':
      case 'sign_in':
        return redirectTo(reply, result.to);
      case 'file':
        return sendFile(reply, result);
      case 'delegate':
        return result.run();
    }
  }
}
