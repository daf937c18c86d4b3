import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEVICE_COOKIE, DEVICE_SECONDS } from '../accounts/devices.ts';

/** The cookie that tells browsers apart. It signs nobody in: it chooses whose wrong guesses count together. */
export interface DeviceCookie {
  read(request: FastifyRequest): string | undefined;
  write(reply: FastifyReply, value: string): void;
}

/** @param secure whether the issuer is https; the cookie is then bound to this very host (RFC 6265bis §4.1.3.2) */
export function createDeviceCookie(secure: boolean): DeviceCookie {
  const name = secure ? '__Host-cardea_device' : 'cardea_device';
  return {
    read(request) {
      const value = request.cookies[name];
      return value !== undefined && DEVICE_COOKIE.test(value) ? value : undefined;
    },
    write(reply, value) {
      const options = { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: DEVICE_SECONDS } as const;
      // As a header at once: the plugin's own way comes too late for an answer that the provider makes.
      reply.header('set-cookie', reply.server.serializeCookie(name, value, options));
    },
  };
}
