import { createViews, type Locale, type View, type Views } from '../../server/views/views.ts';

const views = createViews();

/** A page with its data. */
export interface PageCase {
  name: string;
  /** The name of its template. */
  template: string;
  /** @param from default: of an issuer without a path */
  render(locale: Locale, from?: Views): string;
  /** Ids (of forms, inputs, buttons, links) that other tests and password managers rely on. */
  ids: readonly string[];
  /** The id of the element that has the focus when the page opens. */
  focus?: string;
}

export function pageCase<Data>(
  name: string,
  view: View<Data>,
  data: NoInfer<Data>,
  { ids = [], focus }: { ids?: readonly string[]; focus?: string } = {},
): PageCase {
  const render = (locale: Locale, from = views) => from.render(view, data, locale);
  return { name, template: view.template, render, ids, ...(focus === undefined ? {} : { focus }) };
}

export const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{t}<%= 1 %>`;
export const LONG = 'Wolkenkratzer'.repeat(24).slice(0, 300);

export const form = { action: '/post', csrf: 'csrf-token' };
export const client = { name: 'Harbour Notes', uri: 'https://notes.example.com/start' };
export const account = { name: 'Ada Lovelace', email: 'ada@example.com' };
export const hostile = {
  name: EVIL,
  uri: 'javascript:alert(3)',
  logoUri: 'javascript:alert(4)',
  policyUri: 'javascript:alert(5)',
  tosUri: 'data:text/html,<script>alert(6)</script>',
  device: { scheme: EVIL },
  elsewhere: { policy: EVIL, tos: EVIL, logo: EVIL },
};
export const now = 1_790_000_000;

/** Every rule that a new password may have. */
export const ALL_RULES = [
  { name: 'too_short', limit: 12 },
  { name: 'no_upper', pattern: '\\p{Lu}' },
  { name: 'no_lower', pattern: '\\p{Ll}' },
  { name: 'no_digit', pattern: '\\p{Nd}' },
  { name: 'no_symbol', pattern: '[^\\p{L}\\p{N}]' },
  { name: 'blocklisted' },
  { name: 'personal' },
  { name: 'reused', limit: 5 },
  { name: 'unchanged' },
  { name: 'control_characters', pattern: '^[^\\p{Cc}\\p{Cs}]*$' },
  { name: 'too_long', limit: 256 },
] as const;
