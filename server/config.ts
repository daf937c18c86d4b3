import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type ServerPolicy, signingAlgsOf } from './clients/profiles.ts';
import { conflictsIn } from './config_conflicts.ts';
import { type Config, configOf, type SecretFiles } from './config_values.ts';
import { describeLimit, type LimitChanges, readLimits } from './limit_settings.ts';
import { type LimitInForce, limitEntries } from './limit_table.ts';
import { AppError } from './platform/errors.ts';
import { type Environment, rawValue, readSettings, type Setting } from './platform/settings.ts';
import { SETTINGS, type SettingName, settingEntries } from './settings.ts';

export type { Config } from './config_values.ts';

export class ConfigError extends AppError {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super('invalid_configuration', problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads, checks and freezes the environment. The settings are the table in settings.ts.
 * @throws ConfigError with all problems, not only the first
 */
export function loadConfig(env: Environment = process.env): Config {
  const { values, problems } = readSettings('CARDEA_', SETTINGS, env);
  if (problems.length > 0) throw new ConfigError(problems);
  const declaredProduction = env.NODE_ENV === 'production';
  const config = configOf(values, { declaredProduction, secretFiles: secretFilesIn(env) });
  const conflicts = conflictsIn(config, values, { declaredProduction });
  if (conflicts.length > 0) throw new ConfigError(conflicts);
  return deepFreeze(config);
}

function secretFilesIn(env: Environment): SecretFiles {
  const secrets = settingEntries().filter(([, { secret }]) => secret);
  return Object.fromEntries(
    secrets.flatMap(([name]) => {
      const file = env[`${name}_FILE`];
      return file === undefined ? [] : [[name, file]];
    }),
  );
}

/** A setting as operators see it. */
export interface SettingInForce {
  readonly name: string;
  /** Masked when it is a secret. */
  readonly value: string;
  readonly source: 'environment' | 'file' | 'configuration file' | 'CARDEA_LIMITS' | 'default';
  readonly about: string;
}

/** The value of a setting that has none. */
const NONE = '(none)';

/**
 * The settings in force, with secrets masked, and the table of limits (limit_table.ts).
 * @param declared by a configuration file; the environment overrides them
 */
export function describeConfig(environment: Environment = process.env, declared: Environment = {}): SettingInForce[] {
  const env = { ...declared, ...environment };
  const config = loadConfig(env);
  const settings = settingEntries().map(([name, setting]) => {
    const source = sourceOf(name, environment, declared);
    const given = rawValue(name, setting, env);
    const shown = given === undefined ? defaultOf(name, setting, config) : setting.secret ? '********' : given;
    return { name, value: shown || NONE, source, about: setting.about };
  });
  return [...settings, ...describeLimits(config, readLimits(env.CARDEA_LIMITS ?? ''))];
}

function describeLimits({ limits }: Config, changes: LimitChanges): SettingInForce[] {
  return limitEntries().map(({ name, scope, about }) => {
    const key = `${name}.${scope}`;
    const inForce = (limits[name] as Readonly<Record<string, LimitInForce>>)[scope];
    const value = inForce ? describeLimit(inForce) : NONE;
    return { name: key, value, source: Object.hasOwn(changes, key) ? 'CARDEA_LIMITS' : 'default', about };
  });
}

function sourceOf(name: SettingName, environment: Environment, declared: Environment): SettingInForce['source'] {
  if (environment[name] !== undefined) return 'environment';
  if (environment[`${name}_FILE`] !== undefined) return 'file';
  return declared[name] === undefined ? 'default' : 'configuration file';
}

function defaultOf(name: SettingName, { fallback, unset = '' }: Setting, config: Config): string {
  return fallback ?? DERIVED[name]?.(config) ?? `(${unset})`;
}

/** Defaults that follow from other settings, as they are here. */
const DERIVED: Partial<Record<SettingName, (config: Config) => string>> = {
  CARDEA_ISSUER: ({ issuer }) => issuer.identifier,
  CARDEA_DATABASE_URL: ({ dataDir }) => `(embedded, in ${dataDir})`,
  CARDEA_MASTER_KEY: ({ dataDir }) => `(development key, in ${dataDir})`,
  CARDEA_DEMO: ({ demo }) => String(demo),
  CARDEA_OUTBOUND_ALLOW: ({ outboundAllow }) => outboundAllow.join(','),
  CARDEA_TLS_CLIENT_CERTIFICATES: ({ tls }) => String(tls?.asksForCertificates ?? false),
  CARDEA_SMTP_URL: ({ production, dataDir }) => (production ? NONE : `(files, in ${join(dataDir, 'outbox')})`),
  CARDEA_NAME: ({ name }) => name,
  CARDEA_MAIL_FROM: ({ mailFrom }) => mailFrom.address,
};

/** The longest time that signed tokens and cookies are valid, in seconds. */
export function signedLifetimes({ lifetimes }: Config): { tokens: number; cookies: number } {
  return {
    tokens: Math.max(lifetimes.accessToken, lifetimes.idToken),
    cookies: Math.max(lifetimes.session, lifetimes.interaction),
  };
}

export function serverPolicyOf({ profile, keys }: Config): ServerPolicy {
  return { profile, signingAlgs: signingAlgsOf(keys.rings) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof URL || value instanceof X509Certificate) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
