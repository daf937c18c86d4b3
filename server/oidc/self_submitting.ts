import type { KoaContextWithOIDC } from 'oidc-provider';
import { onwardView } from '../views/provider_pages.ts';
import type { ClientView, Locale, Views } from '../views/views.ts';

/**
 * Replaces the provider's pages that submit a form by themselves: responses to apps by POST (OAuth 2.0 Form Post Response
 * Mode), and the logout of one person when another signs in. They all come from response_modes/form_post.js, in English and
 * with an inline script, which the Content-Security-Policy forbids.
 */
export function replaceSelfSubmitting(
  ctx: KoaContextWithOIDC,
  parts: {
    readonly views: Views;
    /** The Content-Security-Policy in place of the provider's, which allows its script. */
    readonly policy: string;
    localeOf(ctx: KoaContextWithOIDC): Locale;
    clientOf(ctx: KoaContextWithOIDC): ClientView | undefined;
  },
): void {
  const form = typeof ctx.body === 'string' ? parseForm(ctx.body) : undefined;
  if (!form) return;
  const isAccountSwitch = form.action === ctx.oidc.urlFor('end_session_confirm');
  const client = parts.clientOf(ctx);
  const data = { purpose: isAccountSwitch ? 'switch' : 'app', ...form, ...(client ? { client } : {}) } as const;
  const { status } = ctx;
  ctx.body = parts.views.render(onwardView, data, parts.localeOf(ctx));
  ctx.status = status;
  ctx.type = 'html';
  ctx.set('content-security-policy', parts.policy);
}

const TITLE = '<title>Submitting Callback</title>';

function parseForm(html: string): { action: string; fields: [string, string][] } | undefined {
  if (!html.includes(TITLE)) return undefined;
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

/** Reverses helpers/html_safe.js of the provider, in one pass. */
function unescaped(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => CHARACTERS[entity] ?? entity);
}
