import { createSecureContext } from 'node:tls';
import { leastMemory } from './accounts/argon2.ts';
import type { PasswordSettings } from './accounts/password_service.ts';
import type { Config } from './config_types.ts';
import type { TlsListener } from './platform/http.ts';
import { isLoopback } from './platform/smtp_url.ts';
import type { SettingName } from './settings.ts';

interface Given {
  /** Whether a setting has a value, its default included. */
  isSet(name: SettingName): boolean;
  /** CARDEA_TLS_CLIENT_CERTIFICATES=true */
  readonly asksForCertificates: boolean;
  /** NODE_ENV=production; otherwise the issuer's name decides. */
  readonly declaredProduction: boolean;
}

/**
 * Settings that are right one by one, but unsafe or without effect together.
 * @returns a sentence each, which begins with the setting that is to be changed
 */
export function conflictsIn(config: Config, given: Given): string[] {
  return [
    ...unsafeHashing(config.passwords),
    ...unfitForProfile(config),
    ...unusableTls(config, given),
    ...(config.production ? unsafeForProduction(config, given) : unsafeForNetwork(config)),
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
    problems.push('CARDEA_PASSWORD_HASHING_MEMORY must have room for one hash of CARDEA_ARGON2_MEMORY');
  return problems;
}

function unfitForProfile({ profile, demo }: Config): string[] {
  return profile === 'fapi2' && demo
    ? ['CARDEA_DEMO must not be set with CARDEA_PROFILE=fapi2, in which the demo app could not sign anybody in']
    : [];
}

function unusableTls(
  { tls, issuer, clientCertificates, trustedProxies }: Config,
  { isSet, asksForCertificates }: Given,
): string[] {
  const problems: string[] = [];
  if (isSet('CARDEA_TLS_CERT') && !isSet('CARDEA_TLS_KEY'))
    problems.push('CARDEA_TLS_CERT must come with CARDEA_TLS_KEY');
  if (isSet('CARDEA_TLS_KEY') && !isSet('CARDEA_TLS_CERT'))
    problems.push('CARDEA_TLS_KEY must come with CARDEA_TLS_CERT');
  if (tls && !isPair(tls)) problems.push('CARDEA_TLS_KEY must be the private key of CARDEA_TLS_CERT, both in PEM');
  if (tls && issuer.protocol !== 'https:') problems.push('CARDEA_ISSUER must be https with CARDEA_TLS_CERT');
  if (!tls && asksForCertificates) problems.push('CARDEA_TLS_CLIENT_CERTIFICATES must come with CARDEA_TLS_CERT');
  if (!tls?.asksForCertificates && !clientCertificates.header && isSet('CARDEA_TLS_CLIENT_CA'))
    problems.push(
      'CARDEA_TLS_CLIENT_CA must come with CARDEA_TLS_CERT, asking for certificates, or CARDEA_CLIENT_CERTIFICATE_HEADER',
    );
  if (clientCertificates.header && trustedProxies.length === 0)
    problems.push(
      'CARDEA_CLIENT_CERTIFICATE_HEADER must come with CARDEA_TRUSTED_PROXIES: from anybody else it is dropped',
    );
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

function unsafeForProduction(config: Config, { declaredProduction }: Given): string[] {
  const problems: string[] = [];
  if (!config.databaseUrl)
    problems.push('CARDEA_DATABASE_URL is required in production; the embedded Postgres is for development');
  if (config.masterKeys.length === 0)
    problems.push(
      'CARDEA_MASTER_KEY (or CARDEA_MASTER_KEY_FILE) is required in production; make one with "openssl rand -base64 32"',
    );
  if (config.issuer.protocol === 'http:' && !isLoopback(config.issuer.hostname))
    problems.push('CARDEA_ISSUER must be https in production unless it is a loopback address');
  if (config.demo)
    problems.push('CARDEA_DEMO must not be set in production; demo data has a password that everybody knows');
  if (config.signUp && !config.smtp)
    problems.push('CARDEA_SIGN_UP needs CARDEA_SMTP_URL: whoever signs up is mailed a link');
  if (problems.length === 0 || declaredProduction) return problems;
  const reason = `CARDEA_ISSUER=${config.issuer.origin} is not a loopback address, so the rules of production apply; for development on this machine leave CARDEA_ISSUER unset`;
  return [reason, ...problems];
}

/** In development, with an address or a name by which other machines reach the server. */
function unsafeForNetwork({ thisMachineOnly, demo }: Config): string[] {
  return demo && !thisMachineOnly
    ? [
        'CARDEA_DEMO must not be set unless CARDEA_ISSUER and CARDEA_HOST are loopback addresses; demo data has a password that everybody knows',
      ]
    : [];
}
