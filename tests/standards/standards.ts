import { ASVS_PASSWORDS } from './asvs_authentication.ts';
import { ASVS_AUTHORIZATION } from './asvs_authorization.ts';
import { ASVS_FACTORS } from './asvs_factors.ts';
import { ASVS_OAUTH } from './asvs_oauth.ts';
import { ASVS_OPENID } from './asvs_openid.ts';
import { ASVS_SESSIONS } from './asvs_sessions.ts';
import type { Requirement } from './requirement.ts';
import { RFC9700_ATTACKS } from './rfc9700_attacks.ts';
import { RFC9700_MISUSE } from './rfc9700_misuse.ts';
import { RFC9700_REDIRECTS } from './rfc9700_redirects.ts';
import { RFC9700_TOKENS } from './rfc9700_tokens.ts';

/** OWASP ASVS 5.0.0, chapters V6 to V10. */
export const ASVS: readonly Requirement[] = [
  ...ASVS_PASSWORDS,
  ...ASVS_FACTORS,
  ...ASVS_SESSIONS,
  ...ASVS_AUTHORIZATION,
  ...ASVS_OAUTH,
  ...ASVS_OPENID,
];

/** RFC 9700 (BCP 240), sections 2 and 4. */
export const RFC9700: readonly Requirement[] = [
  ...RFC9700_REDIRECTS,
  ...RFC9700_TOKENS,
  ...RFC9700_ATTACKS,
  ...RFC9700_MISUSE,
];
