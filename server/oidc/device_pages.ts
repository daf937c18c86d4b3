import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import type { Account } from '../accounts/account.ts';
import { place } from '../accounts/session_details.ts';
import { inLanguage } from '../platform/languages.ts';
import { subnet } from '../platform/limits.ts';
import { deviceCodeView, deviceConfirmView, deviceDoneView } from '../views/provider_pages.ts';
import type { DeviceCodeData, Views } from '../views/views.ts';
import { clientOf, createLocaleOf, type Pages } from './pages.ts';
import { ROUTES } from './routes.ts';
import { noteMalformedUserCode, TYPED_PARAMETER } from './steps/user_codes.ts';
import { readUserCode, showUserCode } from './typed_user_codes.ts';

/** Stored when a device requests a code, for the person to compare. */
export interface DeviceInfo {
  readonly address: string;
  readonly userAgent: string;
}

/** The pages on which a person connects a device (RFC 8628 §3.3), in the form that the provider calls them. */
export interface DevicePages {
  enterCode(ctx: KoaContextWithOIDC, form: string, out?: ErrorOut, error?: unknown): Promise<void>;
  confirm(ctx: KoaContextWithOIDC, form: string, client: unknown, device: unknown, userCode: string): Promise<void>;
  approved(ctx: KoaContextWithOIDC): Promise<void>;
}

/** An unknown code, an expired one and one that was decided about get the same page, so that guessing tells nothing. */
const REFUSED = new Set(['NotFoundError', 'ExpiredError', 'AlreadyUsedError']);

export function createDevicePages(parts: {
  readonly views: Views;
  readonly pages: Pages;
  findPerson(accountId: string): Promise<Pick<Account, 'email' | 'name' | 'locale'> | undefined>;
}): DevicePages {
  const { views, pages } = parts;
  const localeOf = createLocaleOf(views);
  const personOf = async ({ oidc }: KoaContextWithOIDC) => {
    const { accountId } = oidc.session ?? {};
    return accountId === undefined ? undefined : parts.findPerson(accountId);
  };

  function send(ctx: KoaContextWithOIDC, html: string, status: number): void {
    ctx.status = status;
    ctx.type = 'html';
    ctx.body = html;
  }

  /** The provider stores the secret of its form in the session (shared/xsrf.js). */
  async function formOf(ctx: KoaContextWithOIDC) {
    const person = await personOf(ctx);
    const locale = localeOf(ctx, person?.locale);
    const action = inLanguage(ROUTES.code_verification, locale, views.negotiate(undefined, ctx.get('accept-language')));
    return { person, locale, form: { action, xsrf: String(ctx.oidc.session?.state?.secret) } };
  }

  async function showForm(ctx: KoaContextWithOIDC, more: Pick<DeviceCodeData, 'typed' | 'error'>): Promise<void> {
    const { form, locale } = await formOf(ctx);
    send(ctx, views.render(deviceCodeView, { ...form, ...more }, locale), more.error === undefined ? 200 : 400);
  }

  async function showOutcome(ctx: KoaContextWithOIDC, outcome: 'approved' | 'denied'): Promise<void> {
    const client = clientOf(ctx);
    const locale = localeOf(ctx, (await personOf(ctx))?.locale);
    send(ctx, views.render(deviceDoneView, { outcome, ...(client ? { client } : {}) }, locale), 200);
  }

  return {
    async enterCode(ctx, _form, out, error) {
      const { name, userCode: typed } = (error ?? {}) as { name?: string; userCode?: string };
      if (!out || !error) return showForm(ctx, { typed: asText(ctx.query[TYPED_PARAMETER]) });
      if (typed !== undefined && readUserCode(typed) === undefined) {
        noteMalformedUserCode(ctx);
        return showForm(ctx, { typed, error: 'code_format' });
      }
      const refused = name !== undefined && REFUSED.has(name);
      if (!refused && name !== 'NoCodeError') {
        forgetSecret(ctx);
        return name === 'AbortedError' ? showOutcome(ctx, 'denied') : pages.error(ctx, out, error);
      }
      return showForm(ctx, { typed, error: refused ? 'code_refused' : 'code_required' });
    },

    async confirm(ctx, _form, _client, device, userCode) {
      const { person, form, locale } = await formOf(ctx);
      const { address, userAgent } = device as DeviceInfo;
      const data = {
        ...form,
        client: clientOf(ctx) ?? { name: '' },
        // The provider has removed full-width letters and the like from its `userCode`.
        userCode: showUserCode(readUserCode(ctx.oidc.params?.user_code) ?? userCode),
        device: { address, place: place(subnet(address), ctx.ip), userAgent },
        ...(person ? { account: { email: person.email, ...(person.name ? { name: person.name } : {}) } } : {}),
      };
      send(ctx, views.render(deviceConfirmView, data, locale), 200);
    },

    approved: (ctx) => showOutcome(ctx, 'approved'),
  };
}

/**
 * The provider makes a new form secret for any error and saves the session with it. A session that was never stored cannot
 * be saved, and a form that another site has forged must change nothing.
 */
function forgetSecret({ oidc }: KoaContextWithOIDC): void {
  if (oidc.session) Object.assign(oidc.session, { touched: false });
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
