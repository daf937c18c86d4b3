import { withULabels } from '../platform/email_domains.ts';

const HIDDEN = '•••';
/** A top-level domain may have 63 letters, which would be enough for a message. */
const SUFFIX_MAX = 12;

/**
 * An address that only its owner recognises, such as `a•••@e•••.com`, for pages that another person may see. The rest of
 * the address is too short to contain a message, such as one for phishing.
 */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const labels = withULabels(email)
    .slice(at + 1)
    .split('.');
  const suffix = labels.length > 1 ? (labels.at(-1) ?? '') : '';
  const shown = suffix.length > 0 && suffix.length <= SUFFIX_MAX ? `.${suffix}` : '';
  return `${initialOf(email.slice(0, at))}${HIDDEN}@${initialOf(labels[0] ?? '')}${HIDDEN}${shown}`;
}

/** The first character, when it is a letter or a digit. */
function initialOf(text: string): string {
  return /^[\p{L}\p{N}]/u.exec(text)?.[0] ?? '';
}
