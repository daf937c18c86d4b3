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

/** What a new password may be refused for. */
export type PasswordRuleName = NameUnder<'password.rule'>;

/**
 * A field for a new password with the rules that it must keep: the partial `new-password`, which brings its script
 * along. It posts `new_password`; at most one such field a page. `policy.rules` and the `rules` of a refusal fit in here.
 */
export interface NewPasswordView {
  /** As they are shown. Only the server can judge those that are told by neither limit nor pattern. */
  rules: readonly NewPasswordRule[];
  /** Those that the password sent before broke; undefined when none has been sent. */
  failed?: readonly PasswordRuleName[];
  /** The person has no password yet. */
  isFirst?: boolean;
}

export interface NewPasswordRule {
  name: PasswordRuleName;
  /** The number that its text tells: characters, or how many earlier passwords. */
  limit?: number;
  /** A regular expression (with the flag `u`) that a password keeping it matches. */
  pattern?: string;
}

/** A sentence of the operator's with values of the app's, and what that leaves out. */
export interface DetailView {
  sentence: readonly ({ words: string } | { value: string })[];
  more: readonly { name: string; value: string }[];
}

/** A resource server (RFC 8707) and what is asked for there. */
export interface ResourceView {
  name: string;
  identifier: string;
  scopes: readonly string[];
  /** Those of `scopes` that the person has allowed before. */
  remembered?: readonly string[];
}

/** What a mailed link is for. */
export type LinkPurposeName = NameUnder<'link', '.done-title'>;
