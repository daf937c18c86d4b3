import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { type FormResponse, formKey, type SentForm } from '../platform/form_repeats.ts';
import type { FoundForm, RepeatedForms } from '../records/repeated_forms.ts';
import type { Unit } from '../records/unit.ts';
import { ROUTES } from './routes.ts';

/** The key of a form of ours that ends in the provider's answer, by the request that the provider sees. */
const keys = new WeakMap<IncomingMessage, string>();

/** Answers a form that was sent to one of our own routes. */
export function markFormRequest(request: IncomingMessage, form: SentForm | undefined): void {
  if (!form) return;
  form.takenOver = true;
  keys.set(request, form.key);
}

/**
 * Forms that the provider answers, when they are sent twice: signing in, deciding about a device, signing out. The first
 * answer is kept in the transaction of what it tells of; whatever fails because of that is answered with it.
 */
export function createFormResponses(forms: RepeatedForms) {
  return {
    /** Makes the answer that was given before the answer, if this form was answered within the last minute. */
    async repeat(ctx: KoaContextWithOIDC): Promise<boolean> {
      const key = keyOf(ctx);
      const found = key === undefined ? undefined : await forms.find(key);
      const answer = found && repeatedResponse(found, sessionCookie(ctx));
      if (!answer) return false;
      for (const name of ['location', 'set-cookie', 'content-type', 'content-length', 'retry-after']) ctx.remove(name);
      if (answer.location !== undefined) ctx.set('location', answer.location);
      if (answer.cookies.length > 0) ctx.set('set-cookie', [...answer.cookies]);
      ctx.status = answer.status;
      ctx.body = answer.body;
      if (answer.type !== undefined) ctx.set('content-type', answer.type);
      return true;
    },

    /** Keeps what this request is answered, when it is a form that was taken. */
    keep(ctx: KoaContextWithOIDC, unit: Unit): void {
      const key = keyOf(ctx);
      if (key === undefined || ctx.status >= 400) return;
      const { AuthorizationCode: code } = ctx.oidc.entities;
      const kept = { answer: answerOf(ctx), again: againOf(ctx), session: sessionCookie(ctx) };
      unit.storeFormResponse(forms.rowOf(key, kept, code?.jti));
    },
  };
}

export type FormResponses = ReturnType<typeof createFormResponses>;

/**
 * What a browser is answered that sends a form again: the same. A code that was used would be a replay to whoever gets it
 * once more, and end what was granted (RFC 6749 §4.1.2), so the request is made once more instead.
 * @param session the cookie that the browser has now: once it has another, the cookies of the first answer have arrived
 */
export function repeatedResponse(found: FoundForm, session: string | undefined): FormResponse | undefined {
  const { answer, again, isFresh } = found;
  const cookies = session === found.session ? answer.cookies : [];
  if (isFresh) return { ...answer, cookies };
  return again === undefined ? undefined : { status: 303, location: again, body: '', cookies };
}

const POSTED: Readonly<Record<string, readonly string[]>> = {
  code_verification: ['xsrf', 'user_code', 'confirm', 'abort'],
  end_session_confirm: ['xsrf', 'logout'],
};

/** Of the provider's own forms the secret is a random one, of one session. */
function keyOf(ctx: KoaContextWithOIDC): string | undefined {
  const named = keys.get(ctx.req);
  if (named !== undefined) return named;
  const { route = '', body } = ctx.oidc ?? {};
  const names = ctx.method === 'POST' ? POSTED[route] : undefined;
  const values = names?.map((name) => (body as Record<string, unknown> | undefined)?.[name] ?? null);
  if (!values || typeof values[0] !== 'string') return undefined;
  // Typing in a code shows what it is for, as often as one likes.
  if (route === 'code_verification' && values[2] === null && values[3] === null) return undefined;
  return formKey([route, ...values]);
}

/** The same authorization request, for a browser that is signed in by now. Undefined where it cannot be made again. */
function againOf({ oidc }: KoaContextWithOIDC): string | undefined {
  if (oidc?.route !== 'resume' || !oidc.params) return undefined;
  const { trusted, entities } = oidc as unknown as {
    trusted?: readonly string[];
    entities: { Interaction?: { parJti?: string } };
  };
  // Pushed and signed requests are good once (RFC 9126 §4, RFC 9101 §10.8).
  if (entities.Interaction?.parJti !== undefined || (trusted?.length ?? 0) > 0) return undefined;
  const { prompt: _, ...params } = oidc.params;
  const given = Object.entries(params).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  return `${ROUTES.authorization}?${new URLSearchParams(given)}`;
}

function sessionCookie(ctx: KoaContextWithOIDC): string | undefined {
  return ctx.cookies.get(ctx.oidc.provider.cookieName('session'), { signed: false });
}

function answerOf(ctx: KoaContextWithOIDC): FormResponse {
  const cookies = ctx.response.headers['set-cookie'] ?? [];
  return {
    status: ctx.status,
    location: ctx.response.get('location') || undefined,
    type: ctx.response.get('content-type') || undefined,
    body: typeof ctx.body === 'string' && !ctx.response.get('location') ? ctx.body : '',
    cookies: [cookies].flat().map(String),
  };
}
