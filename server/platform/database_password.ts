import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { BoundStatement } from './db.ts';
import { filesBeside } from './secret_leftovers.ts';
import { secretIn } from './settings.ts';

const ITERATIONS = 4_096;

/** A password for a role of the database: it needs no escape in a URL. */
export const newDatabasePassword = (): string => randomBytes(32).toString('base64url');

/** @returns the URL with another password. @throws Error when it is no URL that has one, as for a socket */
export function withPassword(url: string, password: string): string {
  const changed = URL.parse(url);
  if (!changed || changed.username === '' || changed.password === '') throw new Error('it has no user and password');
  changed.password = password;
  return changed.href;
}

/** The URL with the same password, spelled by other escapes: another text, which opens the same connections. */
export function respelled(url: string): string {
  const { password } = new URL(url);
  const plain = decodeURIComponent(password);
  const escaped = Buffer.from(plain).toString('hex').replaceAll(/../g, '%$&');
  return withPassword(url, password === escaped ? encodeURIComponent(plain) : escaped);
}

/**
 * @param file has the URL of the database
 * @returns files beside it, as a rotation that was ended leaves them: the same URL with another password. Those that cannot be read
 * are not among them.
 */
export function leftBeside(file: string): string[] {
  try {
    const same = withPassword(secretIn(file), '-');
    return filesBeside(file).filter((one) => isOf(same, one));
  } catch {
    return [];
  }
}

function isOf(url: string, file: string): boolean {
  try {
    return withPassword(secretIn(file), '-') === url;
  } catch {
    return false;
  }
}

/**
 * Gives the role of this connection another password, which it may do without further rights. Postgres gets the verifier alone
 * (RFC 5803), so that neither its log nor a statistic of statements has the password.
 */
export function changingOwnPassword(password: string): BoundStatement {
  // A verifier has nothing that needs an escape; ALTER ROLE takes no parameters.
  return { statement: { text: `ALTER ROLE CURRENT_USER PASSWORD '${verifierOf(password)}'` }, values: [] };
}

function verifierOf(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`;
}
