import { Provider } from 'oidc-provider';
import { readTypedCode } from '../platform/typed_codes.ts';
import { replaceMethod } from './seams.ts';

/** Without vowels and digits (RFC 8628 §6.1): the provider's `base-20`. */
const FORM = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/;
/** Digits that look like a letter of the alphabet, and like one only. */
const MISREADINGS: Readonly<Record<string, string>> = { '2': 'Z', '5': 'S', '8': 'B' };
const GROUP = 4;

/**
 * The letters of a user code as it is stored, whatever case, dashes and keyboard it was typed with; undefined when what
 * was typed has another form, however it is read.
 */
export function readUserCode(typed: unknown): string | undefined {
  if (typeof typed !== 'string') return undefined;
  const code = readTypedCode(typed)
    .toUpperCase()
    .replaceAll(/[258]/g, (digit) => MISREADINGS[digit] ?? digit);
  return FORM.test(code) ? code : undefined;
}

/** As the device shows it: `WDJB-MJHT`. */
export function showUserCode(code: string): string {
  return `${code.slice(0, GROUP)}-${code.slice(GROUP)}`;
}

/** The provider drops what is not ASCII, such as full-width letters, before it looks a code up: here it is read first. */
export function readUserCodesAsTyped(provider: Provider): void {
  replaceMethod(provider, 'DeviceCode.findByUserCode', (find) => async (stripped, options) => {
    const code = readUserCode(Provider.ctx?.oidc.params?.user_code ?? stripped);
    return code === undefined ? undefined : find(code, options);
  });
}
