import type { Config } from './config_values.ts';
import { secretIn } from './platform/settings.ts';
import { SETTINGS } from './settings.ts';

/** The secrets of connections that are made again and again while a server runs. */
const READ_AGAIN = {
  CARDEA_DATABASE_URL: ({ databaseUrl }: Sources) => databaseUrl,
  CARDEA_REDIS_URL: ({ redisUrl }: Sources) => redisUrl,
  CARDEA_SMTP_URL: ({ smtp }: Sources) => smtp,
};

type Sources = Pick<Config, 'databaseUrl' | 'redisUrl' | 'smtp' | 'secretFiles'>;
type ReadAgain = typeof READ_AGAIN;
export type FreshSecret = keyof ReadAgain;
type ValueOf<Name extends FreshSecret> = NonNullable<ReturnType<ReadAgain[Name]>>;

/**
 * The value of a secret whose file may be replaced while the server runs, so that a new one needs no restart.
 * @returns undefined when it is not set, and the value itself when it comes from no file. The function reads the file again; while the file is missing or wrong, as when it is
 * replaced in two steps, it returns the last value that was good
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
  return () => {
    try {
      last = SETTINGS[name].read(secretIn(file)) as ValueOf<Name>;
    } catch {
      // `cardea doctor` reports a file that cannot be read.
    }
    return last ?? first;
  };
}
