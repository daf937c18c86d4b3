import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { AppError } from '../../platform/errors.ts';
import { type FormResponse, formKey, type SentForm } from '../../platform/form_repeats.ts';
import type { FoundForm } from '../../records/repeated_forms.ts';
import type { Exchange } from '../exchange.ts';
import type { Route } from '../routes.ts';

/*
 * Forms that the provider responds to and that are sent twice: signing in, deciding about a device, signing out. The first
 * response is stored in the transaction of what the form changes; the second request, which fails because of that, gets it.
 */

/** The keys of forms of Cardea's sign-in pages, by the request with which the provider continues (interactions.ts). */
const keys = new WeakMap<IncomingMessage, string>();

/** Makes the provider's response the stored response of a form of Cardea's sign-in pages. */
export function markFormRequest(request: IncomingMessage, form: SentForm | undefined): void {
  if (!form) return;
  form.respondsRaw = true;
  keys.set(request, form.key);
}

/** Replays the stored response to a form that is refused, or fails, because it was already handled within the last minute. */
export async function replayForm(exchange: Exchange): Promise<void> {
  const { ctx, error } = exchange;
  const isRefused = error === undefined ? ctx.status >= 400 && ctx.status < 500 : isRefusal(error);
  const key = isRefused ? keyOf(exchange) : undefined;
  const storedForm = key === undefined ? undefined : await exchange.services.forms.find(key);
  const stored = storedForm && repeatedResponse(storedForm, sessionCookie(exchange));
  if (!stored) return;
  for (const name of ['location', 'set-cookie', 'content-type', 'content-length', 'retry-after']) ctx.remove(name);
  if (stored.location !== undefined) ctx.set('location', stored.location);
  if (stored.cookies.length > 0) ctx.set('set-cookie', [...stored.cookies]);
  ctx.status = stored.status;
  ctx.body = stored.body;
  if (stored.type !== undefined) ctx.set('content-type', stored.type);
  Object.assign(exchange, { isReplay: true, isDiscarded: true, error: undefined });
}

/** Stores the response to an accepted form. When equal forms are sent at the same time, only one is committed. */
export async function storeFormResponse(exchange: Exchange): Promise<void> {
  const { ctx, unit, services } = exchange;
  const key = keyOf(exchange);
  if (key === undefined || ctx.status >= 400) return;
  const { AuthorizationCode: code } = ctx.oidc.entities;
  const form = { answer: responseOf(ctx), again: requestAgain(exchange), session: sessionCookie(exchange) };
  unit.storeFormResponse(services.forms.rowOf(key, form, code?.jti));
}

/**
 * The response to a form that is sent again: the stored one. An authorization code that was used since would count as
 * replayed, and end the grant (RFC 6749 §4.1.2), so then the authorization request is made again instead.
 * @param session the browser's session cookie now: once it has another, the cookies of the first response have arrived
 */
export function repeatedResponse(form: FoundForm, session: string | undefined): FormResponse | undefined {
  const { answer, again, isFresh } = form;
  const cookies = session === form.session ? answer.cookies : [];
  if (isFresh) return { ...answer, cookies };
  return again === undefined ? undefined : { status: 303, location: again, body: '', cookies };
}

function isRefusal(error: unknown): boolean {
  return error instanceof AppError && error.status < 500;
}

/** The fields that make a form of the provider's the same one. The first is a random secret of one session. */
const FIELDS: Readonly<Partial<Record<Route, readonly string[]>>> = {
  code_verification: ['xsrf', 'user_code', 'confirm', 'abort'],
  end_session_confirm: ['xsrf', 'logout'],
};

function keyOf({ ctx, route }: Exchange): string | undefined {
  const marked = keys.get(ctx.req);
  if (marked !== undefined) return marked;
  const body = ctx.oidc?.body as Record<string, unknown> | undefined;
  const fields = ctx.method === 'POST' ? FIELDS[route] : undefined;
  const values = fields?.map((name) => body?.[name] ?? null);
  if (!values || typeof values[0] !== 'string') return undefined;
  // A user code without a decision only shows its request, and may be sent any number of times.
  if (route === 'code_verification' && values[2] === null && values[3] === null) return undefined;
  return formKey([route, ...values]);
}

/** The URL of the same authorization request, for a browser that is signed in by now. Undefined for a single-use request. */
function requestAgain({ ctx: { oidc }, route }: Exchange): string | undefined {
  if (route !== 'resume' || !oidc.params) return undefined;
  const { trusted, entities } = oidc as unknown as {
    trusted?: readonly string[];
    entities: { Interaction?: { parJti?: string } };
  };
  // Pushed and signed requests can be used only once (RFC 9126 §4, RFC 9101 §10.8).
  if (entities.Interaction?.parJti !== undefined || (trusted?.length ?? 0) > 0) return undefined;
  const { prompt: _, ...params } = oidc.params;
  const texts = Object.entries(params).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return `${oidc.urlFor('authorization')}?${new URLSearchParams(texts)}`;
}

function sessionCookie({ ctx, provider }: Exchange): string | undefined {
  return ctx.cookies.get(provider.cookieName('session'), { signed: false });
}

function responseOf(ctx: KoaContextWithOIDC): FormResponse {
  const cookies = ctx.response.headers['set-cookie'] ?? [];
  return {
    status: ctx.status,
    location: ctx.response.get('location') || undefined,
    type: ctx.response.get('content-type') || undefined,
    body: typeof ctx.body === 'string' && !ctx.response.get('location') ? ctx.body : '',
    cookies: [cookies].flat().map(String),
  };
}
