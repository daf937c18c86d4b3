import { Provider } from 'oidc-provider';
import { readTypedCode } from '../platform/typed_codes.ts';
import { replaceMethod } from './seams.ts';

/** The provider's `base-20`, without vowels and digits (RFC 8628 §6.1). */
const FORM = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/;
/** Digits that look like exactly one letter of that alphabet. */
const MISREADINGS: Readonly<Record<string, string>> = { '2': 'Z', '5': 'S', '8': 'B' };
const GROUP = 4;

/**
 * Reads a typed user code, in any case, with or without dashes, in full-width letters too.
 * @returns the letters as they are stored; undefined when the text cannot be a user code
 */
export function readUserCode(typed: unknown): string | undefined {
  if (typeof typed !== 'string') return undefined;
  const code = readTypedCode(typed)
    .toUpperCase()
    .replaceAll(/[258]/g, (digit) => MISREADINGS[digit] ?? digit);
  return FORM.test(code) ? code : undefined;
}

/** The form in which devices show it: `WDJB-MJHT`. */
export function showUserCode(code: string): string {
  return `${code.slice(0, GROUP)}-${code.slice(GROUP)}`;
}

/** The provider removes everything but ASCII, such as full-width letters, before it looks a code up: this reads it first. */
export function normalizeTypedUserCodes(provider: Provider): void {
  replaceMethod(provider, 'DeviceCode.findByUserCode', (find) => async (stripped, options) => {
    const code = readUserCode(Provider.ctx?.oidc.params?.user_code ?? stripped);
    return code === undefined ? undefined : find(code, options);
  });
}
