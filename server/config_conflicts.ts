import { createSecureContext } from 'node:tls';
import { leastMemory } from './accounts/argon2.ts';
import type { PasswordSettings } from './accounts/password_service.ts';
import type { Config } from './config_values.ts';
import { isWrapped, type KeyProviderName } from './platform/key_providers/provider.ts';
import { isLoopback } from './platform/smtp_url.ts';
import type { TlsListener } from './platform/tls_listener.ts';
import type { SettingValues } from './settings.ts';

/** NODE_ENV=production; otherwise the name of the issuer decides. */
interface Declared {
  readonly declaredProduction: boolean;
}

/**
 * Settings that are valid one by one, but unsafe or without effect together.
 * @returns a sentence for each, which begins with the setting to change
 */
export function conflictsIn(config: Config, values: SettingValues, declared: Declared): string[] {
  return [
    ...unsafeHashing(config.passwords),
    ...unfitForProfile(config),
    ...withoutWarning(config),
    ...unusableTls(config, values),
    ...unusableKeyProviders(config),
    ...sharedPort(config),
    ...(config.production ? unsafeForProduction(config, declared) : unsafeForNetwork(config)),
  ];
}

function unsafeHashing({ argon2, memory }: PasswordSettings): string[] {
  const problems: string[] = [];
  const least = leastMemory(argon2.iterations);
  if (argon2.memory < least)
    problems.push(
      `CARDEA_ARGON2_MEMORY must be at least ${least} with CARDEA_ARGON2_ITERATIONS=${argon2.iterations} (OWASP)`,
    );
  if (argon2.memory > memory * 1_024)
    problems.push('CARDEA_PASSWORD_HASHING_MEMORY must be enough for one hash of CARDEA_ARGON2_MEMORY');
  return problems;
}

/** Each stage of inactivity follows the one before, and nothing is taken away without a warning. */
function withoutWarning({ privacy: { inactivity } }: Config): string[] {
  const { warnSeconds, disableSeconds, eraseSeconds } = inactivity;
  const problems: string[] = [];
  if (disableSeconds > 0 && (warnSeconds === 0 || warnSeconds >= disableSeconds))
    problems.push('CARDEA_INACTIVE_WARN must be set with CARDEA_INACTIVE_DISABLE, and be less');
  if (eraseSeconds > 0 && (warnSeconds === 0 || Math.max(warnSeconds, disableSeconds) >= eraseSeconds))
    problems.push(
      'CARDEA_INACTIVE_ERASE must be more than CARDEA_INACTIVE_WARN, which must be set, and CARDEA_INACTIVE_DISABLE',
    );
  return problems;
}

function unfitForProfile({ profile, demo }: Config): string[] {
  return profile === 'fapi2' && demo
    ? ['CARDEA_DEMO must not be set with CARDEA_PROFILE=fapi2, which the demo app does not conform to']
    : [];
}

function unusableTls({ tls, issuer, clientCertificates, trustedProxies }: Config, values: SettingValues): string[] {
  const { CARDEA_TLS_CERT: cert, CARDEA_TLS_KEY: key, CARDEA_TLS_CLIENT_CA: authorities } = values;
  const problems: string[] = [];
  if (cert !== undefined && key === undefined) problems.push('CARDEA_TLS_CERT must come with CARDEA_TLS_KEY');
  if (key !== undefined && cert === undefined) problems.push('CARDEA_TLS_KEY must come with CARDEA_TLS_CERT');
  if (tls && !isPair(tls)) problems.push('CARDEA_TLS_KEY must be the private key of CARDEA_TLS_CERT, both in PEM');
  if (tls && issuer.protocol !== 'https:') problems.push('CARDEA_ISSUER must be https with CARDEA_TLS_CERT');
  if (!tls && values.CARDEA_TLS_CLIENT_CERTIFICATES)
    problems.push('CARDEA_TLS_CLIENT_CERTIFICATES must come with CARDEA_TLS_CERT');
  if (!tls?.asksForCertificates && !clientCertificates.header && authorities)
    problems.push(
      'CARDEA_TLS_CLIENT_CA must come with CARDEA_TLS_CERT, asking for certificates, or CARDEA_CLIENT_CERTIFICATE_HEADER',
    );
  if (clientCertificates.header && trustedProxies.length === 0)
    problems.push(
      'CARDEA_CLIENT_CERTIFICATE_HEADER must come with CARDEA_TRUSTED_PROXIES: from other senders it is dropped',
    );
  return problems;
}

function sharedPort({ port, metrics }: Config): string[] {
  return metrics?.port === port ? ['CARDEA_METRICS_PORT must be another port than CARDEA_PORT'] : [];
}

function unusableKeyProviders({ masterKeys, vault, awsKms }: Config): string[] {
  const encryptedBy = (name: KeyProviderName) => masterKeys.some((key) => isWrapped(key) && key.provider === name);
  const problems: string[] = [];
  if (encryptedBy('vault') && !(vault.url && vault.token && vault.key))
    problems.push(
      'CARDEA_MASTER_KEY has a key that Vault encrypted: set CARDEA_VAULT_URL, CARDEA_VAULT_TOKEN and CARDEA_VAULT_TRANSIT_KEY',
    );
  if (encryptedBy('aws-kms') && !awsKms.key)
    problems.push('CARDEA_MASTER_KEY has a key that AWS KMS encrypted: set CARDEA_AWS_KMS_KEY');
  for (const [name, value] of [
    ['CARDEA_VAULT_URL', vault.url],
    ['CARDEA_AWS_KMS_ENDPOINT', awsKms.endpoint],
  ]) {
    const parsed = value === undefined ? undefined : URL.parse(value);
    if (parsed?.protocol === 'http:' && !isLoopback(parsed.hostname))
      problems.push(`${name} must be https unless it is a loopback address: master keys come from there`);
  }
  return problems;
}

function isPair({ cert, key }: TlsListener): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

function unsafeForProduction(config: Config, { declaredProduction }: Declared): string[] {
  const problems: string[] = [];
  if (!config.databaseUrl)
    problems.push('CARDEA_DATABASE_URL is required in production; the embedded Postgres is for development');
  if (config.masterKeys.length === 0)
    problems.push(
      'CARDEA_MASTER_KEY (or CARDEA_MASTER_KEY_FILE) is required in production; make one with "openssl rand -base64 32"',
    );
  if (config.issuer.protocol === 'http:' && !isLoopback(config.issuer.hostname))
    problems.push('CARDEA_ISSUER must be https in production unless it is a loopback address');
  if (config.demo) problems.push('CARDEA_DEMO must not be set in production; the password of the demo data is public');
  if (config.signUp && !config.smtp)
    problems.push('CARDEA_SIGN_UP needs CARDEA_SMTP_URL: the link to create an account is mailed');
  if (problems.length === 0 || declaredProduction) return problems;
  const reason = `CARDEA_ISSUER=${config.issuer.identifier} is not a loopback address, so the rules of production apply; for development on this machine leave CARDEA_ISSUER unset`;
  return [reason, ...problems];
}

/** Development on an address or a name by which other machines reach the server. */
function unsafeForNetwork({ thisMachineOnly, demo }: Config): string[] {
  return demo && !thisMachineOnly
    ? [
        'CARDEA_DEMO must not be set unless CARDEA_ISSUER and CARDEA_HOST are loopback addresses; the password of the demo data is public',
      ]
    : [];
}
