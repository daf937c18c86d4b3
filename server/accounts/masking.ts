import { withULabels } from '../platform/email_domains.ts';

const HIDDEN = '•••';
/** A top-level domain may have 63 letters; one that is so long could be a sentence. */
const SUFFIX_MAX = 12;

/**
 * Enough of an address for its owner to recognise it, such as `a•••@e•••.com`, for people who may be somebody else. Whoever
 * chose the address cannot say anything with what is left of it.
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
