import { AppError } from '../platform/errors.ts';

/** Counted in Unicode code points (NIST SP 800-63B-4 §3.1.1.2). */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 256;

/** The rules that a new password can fail, by name. */
export type PasswordRule = 'too_short' | 'too_long';

const MESSAGES: Readonly<Record<PasswordRule, string>> = {
  too_short: `password: must have at least ${PASSWORD_MIN} characters`,
  too_long: `password: must have at most ${PASSWORD_MAX} characters`,
};

/** @returns the rules that the password breaks; empty when it will do */
export function failedRules(password: string): PasswordRule[] {
  const length = codePoints(password);
  if (length < PASSWORD_MIN) return ['too_short'];
  return length > PASSWORD_MAX ? ['too_long'] : [];
}

/** @throws AppError 400 `password_<rule>`, field `password` */
export function checkNewPassword(password: string): void {
  const rule = failedRules(password)[0];
  if (rule) throw new AppError(`password_${rule}`, 400, MESSAGES[rule], { field: 'password' });
}

/** The length of a text without building its parts; `[...text]` of a megabyte would be an attack. */
export function codePoints(text: string): number {
  // Two UTF-16 units at most make a code point: beyond this it is too long whatever it holds.
  if (text.length > 2 * PASSWORD_MAX) return text.length;
  return [...text].length;
}
