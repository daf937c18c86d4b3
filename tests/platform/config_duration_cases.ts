import type { Config } from '../../server/config.ts';
import type { SettingName } from '../../server/settings.ts';
import { cases } from './config_value_cases.ts';

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
];
/** The cases of all settings. */
export const all = [
  ...cases,
  ...durations.map(([name, read]) => ({
    name,
    read: read as (config: Config) => unknown,
    good: { '90': 90, '90s': 90, '15m': 900, '12h': 43_200, '30d': 2_592_000 },
    bad: ['', '0', '0d', '-1h', '1.5h', '1w', 'h', '1 h', '1h30m', '3651d', '999999999d'],
  })),
];
