import { url } from './settings.ts';

/** The parts of a URL of Redis. Several hosts are no URL that `URL` can read. */
export function redisPlace(url: string) {
  const [, secure, kind, user, password, hosts = '', path = ''] =
    /^redis(s)?(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#]*)\/?([^?#]*)/.exec(url) ?? [];
  return {
    kind: kind as 'sentinel' | 'cluster' | undefined,
    secure: secure !== undefined,
    hosts,
    /** The number of a database, or the name of a master. */
    path,
    credentials:
      password === undefined
        ? undefined
        : {
            ...(user === undefined || user === '' ? {} : { username: decodeURIComponent(user) }),
            password: decodeURIComponent(password),
          },
  };
}

const PROTOCOLS = url('redis:', 'rediss:', 'redis+sentinel:', 'redis+cluster:', 'rediss+cluster:');

/** @throws Error with a message that follows the name of the setting */
export function redisUrl(value: string): string {
  PROTOCOLS(value);
  let hosts: string;
  try {
    ({ hosts } = redisPlace(value));
  } catch {
    throw new Error('must have % in user and password written as %25');
  }
  if (hosts.includes('@')) throw new Error('must have @ in user and password written as %40');
  return value;
}
