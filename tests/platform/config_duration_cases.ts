import type { Config } from '../../server/config.ts';
import type { SettingName } from '../../server/settings.ts';
import { cases } from './config_value_cases.ts';

const DAY = 86_400;

const durations: readonly (readonly [SettingName, (config: Config) => number])[] = [
  ['CARDEA_KEY_ROTATION', (config) => config.keys.rotationSeconds],
  ['CARDEA_JWKS_MAX_AGE', (config) => config.keys.jwksMaxAgeSeconds],
  ['CARDEA_KEY_POLL', (config) => config.keys.pollSeconds],
  ['CARDEA_ACCESS_TOKEN_TTL', (config) => config.lifetimes.accessToken],
  ['CARDEA_ID_TOKEN_TTL', (config) => config.lifetimes.idToken],
  ['CARDEA_CODE_TTL', (config) => config.lifetimes.authorizationCode],
  ['CARDEA_REFRESH_TOKEN_IDLE_TTL', (config) => config.lifetimes.refreshTokenIdle],
  ['CARDEA_REFRESH_TOKEN_TTL', (config) => config.lifetimes.refreshTokenAbsolute],
  ['CARDEA_SESSION_TTL', (config) => config.lifetimes.session],
  ['CARDEA_SESSION_MAX', (config) => config.lifetimes.sessionAbsolute],
  ['CARDEA_REGISTRATION_IDLE', (config) => config.registration.idleSeconds],
  ['CARDEA_INTERACTION_TTL', (config) => config.lifetimes.interaction],
  ['CARDEA_AUDIT_HEAD_INTERVAL', (config) => config.audit.headSeconds],
];
const kept = (name: keyof Config['kept']) => (config: Config) => config.kept[name];
/** The cases of all settings. */
export const all = [
  ...cases,
  ...durations.map(([name, read]) => ({
    name,
    read: read as (config: Config) => unknown,
    good: { '90': 90, '90s': 90, '15m': 900, '12h': 43_200, '30d': 2_592_000 },
    bad: ['', '0', '0d', '-1h', '1.5h', '1w', 'h', '1 h', '1h30m', '3651d', '999999999d'],
  })),
  {
    name: 'CARDEA_AUDIT_RETENTION_MONTHS' as const,
    read: (config: Config) => config.audit.retentionMonths,
    good: { '0': 0, '24': 24, '1200': 1_200 },
    bad: ['', '-1', '1.5', '1201', '24m'],
  },
  {
    name: 'CARDEA_EVENTS_KEPT' as const,
    read: kept('events'),
    good: { '1d': DAY, '30d': 30 * DAY },
    bad: ['', '0', '1h', '1w', '3651d'],
  },
  {
    name: 'CARDEA_DEVICES_KEPT' as const,
    read: kept('devices'),
    good: { '1d': DAY, '400d': 400 * DAY },
    bad: ['', '0', '1h', '1w', '401d'],
  },
  {
    name: 'CARDEA_MAILS_KEPT' as const,
    read: kept('mails'),
    good: { '1h': 3_600, '30d': 30 * DAY },
    bad: ['', '0', '59m', '1w', '31d'],
  },
];
