import type { Config } from '../config.ts';

/** The technical measures (GDPR, Article 32), as far as they hold for every installation or follow from its settings. */
export function securityMeasures(
  config: Pick<Config, 'tls' | 'issuer' | 'secondFactor' | 'passwords' | 'smtp'>,
): string[] {
  const { memory, iterations, parallelism } = config.passwords.argon2;
  return [
    'personal data, secrets and sessions are encrypted in the database (AES-256-GCM), each value bound to its row; the master key is not in the database',
    'the data of each person has a key of its own, which is destroyed when the person is erased',
    `passwords are stored as argon2id hashes (${memory} KiB, ${iterations} passes, ${parallelism} lanes)${config.passwords.peppers.length > 0 ? ', with a pepper that is not in the database' : ''}`,
    'tokens, codes and client secrets are stored as hashes alone',
    'addresses are cut to an IPv4 address or an IPv6 /64, and masked in logs',
    config.issuer.url('/').startsWith('https:')
      ? `requests are encrypted by TLS${config.tls ? '' : ', which ends at a proxy'}`
      : 'requests are NOT encrypted: the issuer is an http URL, for development',
    'wrong passwords and codes are counted and lock the account, for strangers sooner than for its owner',
    config.secondFactor.required
      ? 'everybody signs in with a second factor'
      : config.secondFactor.groups.length > 0
        ? `members of ${config.secondFactor.groups.join(', ')} sign in with a second factor; others may`
        : 'people may sign in with a second factor',
    'operators have roles with permissions, and each change by one is in the audit',
    'rows with an end are deleted by a background job',
  ];
}
