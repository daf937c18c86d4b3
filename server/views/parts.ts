import type { NameUnder } from './messages.ts';

/** The signed-in person. */
export interface AccountView {
  name?: string;
  email: string;
}

/** The form's own URL and CSRF token; posted as `csrf`, with the pressed button's value as `action`. */
export interface FormTarget {
  action: string;
  csrf: string;
}

/** A new secret for an authenticator app: the partial `authenticator`, with the QR code. */
export interface AuthenticatorView {
  /** Base32. */
  secret: string;
  /** `otpauth://…` */
  uri: string;
  /** Sealed; the partial posts it as `enrolment`. */
  enrolment: string;
}

/** The rules that a new password can break. */
export type PasswordRuleName = NameUnder<'password.rule'>;

/**
 * A field for a new password with the rules that it must keep: the partial `new-password`, with its script. It posts
 * `new_password`; a page has one such field at most.
 */
export interface NewPasswordView {
  /** In the order in which they are shown. Only the server can check a rule without limit and pattern. */
  rules: readonly NewPasswordRule[];
  /** The rules that the refused password broke; undefined before a password was sent. */
  failed?: readonly PasswordRuleName[];
  /** The person has no password yet. */
  isFirst?: boolean;
}

export interface NewPasswordRule {
  name: PasswordRuleName;
  /** The number in its text: of characters, or of earlier passwords. */
  limit?: number;
  /** A regular expression (with the flag `u`) for passwords that keep the rule. */
  pattern?: string;
}

/** Authorization details (RFC 9396): the operator's sentence with the app's values, and the values that it does not name. */
export interface DetailView {
  sentence: readonly ({ words: string } | { value: string })[];
  more: readonly { name: string; value: string }[];
}

/** A resource server (RFC 8707) and the scopes that are requested there. */
export interface ResourceView {
  name: string;
  identifier: string;
  scopes: readonly string[];
  /** Those of `scopes` that the person has allowed before. */
  remembered?: readonly string[];
}

/** The purpose of a mailed link. */
export type LinkPurposeName = NameUnder<'link', '.done-title'>;
