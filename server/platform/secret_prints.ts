import { createHmac, createSecretKey } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
import type { Sealer } from './sealing.ts';
import { findServerSecret, loadServerSecret } from './server_secrets.ts';

const SECRET = 'secret-prints';
const DIGITS = 16;

/**
 * The fingerprint of a setting that is a secret, by which processes tell one another which value they use: `NAME=` and a keyed hash of
 * each of its values, in their order. With a copy of the database and without the master key no value can be guessed from it.
 */
export type SecretPrint = (name: string, values: readonly string[]) => string;

/** As a server has it, which makes its key when there is none. */
export const openSecretPrint = async (db: Db, sealer: Sealer, now: Clock): Promise<SecretPrint> =>
  printWith(await loadServerSecret(db, sealer, SECRET, now));

/** Undefined when no server has told of its secrets yet. */
export async function findSecretPrint(db: Pick<Db, 'query'>, sealer: Sealer): Promise<SecretPrint | undefined> {
  const secret = await findServerSecret(db, sealer, SECRET);
  return secret && printWith(secret);
}

function printWith(secret: Buffer): SecretPrint {
  const key = createSecretKey(secret);
  const printOf = (text: string) => createHmac('sha256', key).update(text).digest('hex').slice(0, DIGITS);
  return (name, values) => `${name}=${values.map((value) => printOf(`${name} ${value}`)).join(',')}`;
}

/** The hashes of the values of a setting in fingerprints of several settings; none when it is not among them. */
export function printsIn(prints: readonly string[], name: string): readonly string[] {
  const print = prints.find((one) => one.startsWith(`${name}=`));
  return print === undefined ? [] : print.slice(name.length + 1).split(',');
}
