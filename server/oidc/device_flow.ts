import type { KoaContextWithOIDC } from 'oidc-provider';
import type { DeviceInfo, DevicePages } from './device_pages.ts';

/** RFC 8628 §3.4 */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The lifetime of a device code, in which its user code can be guessed. */
export const DEVICE_CODE_SECONDS = 600;

const USER_AGENT_MAX = 512;

/**
 * The provider's configuration of RFC 8628. There are 20^8 user codes, without vowels and without digits that are easily
 * mistaken (§6.1); with the limits of steps/user_codes.ts that meets §5.1.
 */
export function deviceFlow(pages: DevicePages) {
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: (ctx: KoaContextWithOIDC): DeviceInfo & Record<string, unknown> => ({
      address: ctx.ip,
      userAgent: ctx.get('user-agent').slice(0, USER_AGENT_MAX),
    }),
    userCodeInputSource: pages.enterCode,
    userCodeConfirmSource: pages.confirm,
    successSource: pages.approved,
  } as const;
}
