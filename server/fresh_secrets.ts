import { statSync } from 'node:fs';
import type { Config } from './config_values.ts';
import type { SecretPrint } from './platform/secret_prints.ts';
import { secretIn } from './platform/settings.ts';
import { SETTINGS } from './settings.ts';

/** The secrets whose files are read again while a server runs: those of connections, and of hashes. */
const READ_AGAIN = {
  CARDEA_DATABASE_URL: ({ databaseUrl }: Sources) => databaseUrl,
  CARDEA_REDIS_URL: ({ redisUrl }: Sources) => redisUrl,
  CARDEA_SMTP_URL: ({ smtp }: Sources) => smtp,
  CARDEA_PASSWORD_PEPPER: ({ passwords }: Sources) => (passwords.peppers.length > 0 ? passwords.peppers : undefined),
};

type Sources = Pick<Config, 'databaseUrl' | 'redisUrl' | 'smtp' | 'secretFiles'> & {
  readonly passwords: Pick<Config['passwords'], 'peppers'>;
};
type ReadAgain = typeof READ_AGAIN;
export type FreshSecret = keyof ReadAgain;
type ValueOf<Name extends FreshSecret> = NonNullable<ReturnType<ReadAgain[Name]>>;

/**
 * The value of a secret whose file may be replaced while the server runs, so that a new one needs no restart.
 * @returns undefined when it is not set, and the value itself when it comes from no file. The function reads the file again when it is
 * another one; while the file is missing or wrong, as when it is replaced in two steps, it returns the last value that was good
 */
export function freshSecret<Name extends FreshSecret>(
  config: Sources,
  name: Name,
): ValueOf<Name> | (() => ValueOf<Name>) | undefined {
  let last = READ_AGAIN[name](config) as ValueOf<Name> | undefined;
  if (last === undefined) return undefined;
  const first = last;
  const file = config.secretFiles[name];
  if (file === undefined) return first;
  let seen = '';
  return () => {
    try {
      const { ino, size, mtimeNs } = statSync(file, { bigint: true });
      const now = `${ino} ${size} ${mtimeNs}`;
      if (now !== seen) last = SETTINGS[name].read(secretIn(file)) as ValueOf<Name>;
      seen = now;
    } catch {
      // `cardea doctor` reports a file that cannot be read.
    }
    return last ?? first;
  };
}

/** @returns the fingerprints of the values that are in force at the time */
export function freshPrints(config: Sources, print: SecretPrint): () => string[] {
  const sources = (Object.keys(READ_AGAIN) as FreshSecret[]).flatMap((name) => {
    const source: unknown = freshSecret(config, name);
    return source === undefined ? [] : [{ name, source }];
  });
  return () =>
    sources.map(({ name, source }) => print(name, valuesOf(typeof source === 'function' ? source() : source)));
}

/** The fingerprint of the content of the file of a secret. @throws Error with a message that follows the name of the setting */
export const printOfText = (name: FreshSecret, text: string, print: SecretPrint): string =>
  print(name, valuesOf(SETTINGS[name].read(text)));

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map((one: Uint8Array) => Buffer.from(one).toString('base64'));
  return [typeof value === 'string' ? value : JSON.stringify(value)];
}
