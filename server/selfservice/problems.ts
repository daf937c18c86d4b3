import { PasswordRefused } from '../accounts/policy.ts';
import { AppError } from '../platform/errors.ts';
import type { AccountProblem, FormProblem, PasswordRuleName } from '../views/views.ts';

/** Why a form was refused: a problem of one input or of the whole form, or the rules that a new password breaks. */
export type PageProblem = FormProblem | { readonly failedRules: readonly PasswordRuleName[] };

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
  last_administrator: 'last_administrator',
  rate_limited: 'username_limit',
  export_under_way: 'export_under_way',
  passkey_refused: 'passkey',
  passkey_exists: 'passkey_exists',
  too_many_passkeys: 'passkey',
};

/** The problem to show for an error that a form led to. @throws the error itself, when the form is not its cause */
export function problemOf(error: unknown): PageProblem {
  if (error instanceof PasswordRefused) return { failedRules: error.rules };
  if (!(error instanceof AppError)) throw error;
  const { code, field } = error;
  const key = PROBLEMS[`${code} ${field}`] ?? PROBLEMS[code];
  if (key === undefined) throw error;
  return { key, ...(field === undefined ? {} : { field }) };
}
