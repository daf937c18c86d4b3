import { PasswordRefused } from '../accounts/policy.ts';
import { AppError } from '../platform/errors.ts';
import type { AccountProblem, FormProblem, PasswordRuleName } from '../views/views.ts';

/** By the error's code and field, or its code alone. */
const PROBLEMS: Readonly<Record<string, AccountProblem>> = {
  'invalid_input name': 'text',
  'invalid_input given_name': 'text',
  'invalid_input middle_name': 'text',
  'invalid_input family_name': 'text',
  'invalid_input nickname': 'text',
  'invalid_input locale': 'locale',
  'invalid_input zoneinfo': 'zoneinfo',
  'invalid_input email': 'email',
  'invalid_input username': 'username',
  'identifier_taken username': 'username_taken',
  changed_meanwhile: 'changed_meanwhile',
  credentials_changed: 'changed_meanwhile',
  rate_limited: 'username_limit',
  passkey_refused: 'passkey',
  passkey_exists: 'passkey_exists',
  too_many_passkeys: 'passkey',
};

/** What to tell a person of an error that their form led to. @throws the error, when it is not theirs */
export function problemOf(error: unknown): FormProblem {
  if (!(error instanceof AppError)) throw error;
  const { code, field } = error;
  const key = PROBLEMS[`${code} ${field}`] ?? PROBLEMS[code];
  if (key === undefined) throw error;
  return { key, ...(field === undefined ? {} : { field }) };
}

/** The rules that a new password broke; undefined for an error that is about something else. */
export function failedRules(error: unknown): readonly PasswordRuleName[] | undefined {
  return error instanceof PasswordRefused ? error.rules : undefined;
}
