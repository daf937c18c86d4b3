import { createHmac } from 'node:crypto';

/** A secret outside the database that is an input of every hash: without it, passwords cannot be guessed from a stolen table. */
export interface Pepper {
  /** The id of the pepper in stored hashes. It tells nothing about the secret, which is random. */
  readonly id: string;
  readonly secret: Uint8Array;
}

const ID_CHARACTERS = 8;

export function nameOfPepper(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('cardea password pepper').digest('hex').slice(0, ID_CHARACTERS);
}

/** @param secrets the first hashes, all of them verify */
export function createPeppers(secrets: readonly Uint8Array[]) {
  const all = secrets.map((secret): Pepper => ({ id: nameOfPepper(secret), secret }));
  return { current: all[0], find: (id: string) => all.find((pepper) => pepper.id === id) };
}
