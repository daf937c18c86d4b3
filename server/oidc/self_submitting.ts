import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ClientView, Locale, Views } from '../views/views.ts';

/**
 * Pages that send the browser on by a form: answers to apps by POST (OAuth 2.0 Form Post Response Mode), and signing out
 * whoever is signed in when somebody else has shown who they are. The provider makes all of them in one way
 * (response_modes/form_post.js): in English, for scripts that our policy would have to allow. Ours take their place.
 */
export function replaceSelfSubmitting(
  ctx: KoaContextWithOIDC,
  parts: {
    readonly views: Views;
    /** Content-Security-Policy, which the provider has opened for its script. */
    readonly policy: string;
    localeOf(ctx: KoaContextWithOIDC): Locale;
    clientOf(ctx: KoaContextWithOIDC): ClientView | undefined;
  },
): void {
  const form = typeof ctx.body === 'string' ? formIn(ctx.body) : undefined;
  if (!form) return;
  const isSwitch = form.action === ctx.oidc.urlFor('end_session_confirm');
  const client = parts.clientOf(ctx);
  const data = { purpose: isSwitch ? 'switch' : 'app', ...form, ...(client ? { client } : {}) } as const;
  const { status } = ctx;
  ctx.body = parts.views.render('onward', data, parts.localeOf(ctx));
  ctx.status = status;
  ctx.type = 'html';
  ctx.set('content-security-policy', parts.policy);
}

const MARK = '<title>Submitting Callback</title>';

function formIn(html: string): { action: string; fields: [string, string][] } | undefined {
  if (!html.includes(MARK)) return undefined;
  const action = /<form method="post" action="([^"]*)">/.exec(html)?.[1];
  if (action === undefined) return undefined;
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)];
  return { action: unescaped(action), fields: fields.map(([, name = '', value = '']) => [name, unescaped(value)]) };
}

const CHARACTERS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** What the provider has escaped (helpers/html_safe.js), once. */
function unescaped(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => CHARACTERS[entity] ?? entity);
}
