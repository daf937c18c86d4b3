import { mayBeInDns, withALabels, withULabels } from '../platform/email_domains.ts';
import { invalidInput } from '../platform/errors.ts';

/**
 * The one form of an identifier by which a person is looked up and attempts are counted and locked, so that all
 * spellings of it count as one. NFKC first (full-width letters, ligatures, combining forms), then lower case, then NFKC
 * again because lower-casing may decompose; white space around it is removed last.
 *
 * Dotless ı is not changed to i, nor ß to ss: they are different letters, and treating them as equal would give two
 * people the same identifier. Only the Greek final sigma is replaced, because its lower case depends on its neighbours.
 *
 * This is for comparing only. Mails are sent to the address as the person gave it.
 */
export function normaliseIdentifier(text: string): string {
  // A domain has one name in two spellings (UTS 46). U-labels are compared, because older versions stored addresses with
  // them; labels that were converted from A-labels are normalised like any other text.
  return fold(withULabels(fold(text)));
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').normalize('NFKC').trim();
}

/**
 * All forms under which the same identifier may have been stored: as it was typed first, then the form of
 * `normaliseIdentifier`, then with A-labels, under which older versions stored an address that was typed with them.
 */
export function storedFormsOf(text: string): string[] {
  const typed = fold(text);
  return [...new Set([typed, normaliseIdentifier(text), withALabels(typed)])];
}

/** RFC 5321 §4.5.3.1.3: a path has 256 octets, two of which are its angle brackets; §4.5.3.1.1: what is before the @. */
const EMAIL_MAX_BYTES = 254;
const LOCAL_PART_MAX_BYTES = 64;
/** RFC 1035 §2.3.4 */
const LABEL_MAX_BYTES = 63;
const USERNAME_MAX = 64;

// Invisible and control characters would make two names that look alike; lone surrogates have no UTF-8 form.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Z}]/u;
// An unquoted local part, with dots only between other characters (RFC 5321 §4.1.2: Dot-string), and a domain of labels
// that may be internationalised (RFC 6531); no address literals.
const EMAIL = /^[^.@"(),:;<>[\\\]]+(\.[^.@"(),:;<>[\\\]]+)*@[\p{L}\p{N}\p{M}-]+(\.[\p{L}\p{N}\p{M}-]+)*$/u;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** True for the text form of a UUID, which is what account ids look like. */
export function isAccountId(text: string): boolean {
  return UUID.test(text.toLowerCase());
}

/**
 * @returns the address as given, without white space around it and with its domain in A-labels
 * @throws AppError `invalid_input`, field `email`
 */
export function checkEmail(text: string): string {
  const given = text.trim();
  const email = withALabels(given);
  const normal = normaliseIdentifier(email);
  if (Buffer.byteLength(email) > EMAIL_MAX_BYTES || Buffer.byteLength(normal) > EMAIL_MAX_BYTES) {
    throw invalidInput('email', `must have at most ${EMAIL_MAX_BYTES} bytes`);
  }
  if ([given, email, normal].some((form) => INVISIBLE.test(form)) || !EMAIL.test(normal) || !hasDomain(email)) {
    throw invalidInput('email', 'must be an address such as ada@example.com');
  }
  if (Buffer.byteLength(email.slice(0, email.lastIndexOf('@'))) > LOCAL_PART_MAX_BYTES) {
    throw invalidInput('email', `must have at most ${LOCAL_PART_MAX_BYTES} bytes before the @`);
  }
  return email;
}

/** A domain of the public Internet, whose labels are valid in DNS, or a name of this machine. */
function hasDomain(email: string): boolean {
  const labels = withALabels(fold(email)).split('@').at(-1)?.split('.') ?? [];
  if (labels.length === 1) return labels[0] === 'localhost';
  return (
    mayBeInDns(labels) &&
    labels.every((label) => /^[\x21-\x7e]+$/.test(label) && label.length <= LABEL_MAX_BYTES && !/^-|-$/.test(label))
  );
}

/**
 * A username is never an e-mail address nor an account id: all three are looked up in the same way, so a person whose
 * username is another person's address could be mistaken for that person.
 * @returns the name as given, without white space around it
 * @throws AppError `invalid_input`, field `username`
 */
export function checkUsername(text: string): string {
  const username = text.trim();
  const normal = normaliseIdentifier(username);
  if (normal === '' || [...normal].length > USERNAME_MAX || [...username].length > USERNAME_MAX) {
    throw invalidInput('username', `must have 1 to ${USERNAME_MAX} characters`);
  }
  if (INVISIBLE.test(username) || INVISIBLE.test(normal)) {
    throw invalidInput('username', 'must not contain white space or invisible characters');
  }
  if (normal.includes('@')) throw invalidInput('username', 'must not contain @; an e-mail address goes into email');
  if (UUID.test(normal)) throw invalidInput('username', 'must not look like an account id');
  return username;
}

/** Names that look like those of the operator or of a machine (RFC 2142). Only operators can give them to an account. */
const RESERVED = new Set([
  ...[
    'abuse',
    'admin',
    'administrator',
    'help',
    'helpdesk',
    'hostmaster',
    'info',
    'marketing',
    'noc',
    'no-reply',
    'noreply',
  ],
  ...[
    'official',
    'operator',
    'owner',
    'postmaster',
    'root',
    'sales',
    'security',
    'staff',
    'superuser',
    'support',
    'sysadmin',
  ],
  ...['system', 'webmaster'],
]);

/** True for a reserved username, which people cannot choose. */
export function isReserved(username: string): boolean {
  return RESERVED.has(normaliseIdentifier(username));
}
