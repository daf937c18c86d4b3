import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEVICE_COOKIE, DEVICE_SECONDS } from '../accounts/devices.ts';

/** The cookie that identifies a browser (OWASP device cookies). It gives no session: wrong guesses are counted by it. */
export interface DeviceCookie {
  read(request: FastifyRequest): string | undefined;
  write(reply: FastifyReply, value: string): void;
}

/** @param secure the issuer is https; the `__Host-` prefix then binds the cookie to this host (RFC 6265bis §4.1.3.2) */
export function createDeviceCookie(secure: boolean): DeviceCookie {
  const name = secure ? '__Host-cardea_device' : 'cardea_device';
  return {
    read(request) {
      const value = request.cookies[name];
      return value !== undefined && DEVICE_COOKIE.test(value) ? value : undefined;
    },
    write(reply, value) {
      const options = { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: DEVICE_SECONDS } as const;
      // Set as a header now: the plugin sets cookies when Fastify sends, and the provider writes this response itself.
      reply.header('set-cookie', reply.server.serializeCookie(name, value, options));
    },
  };
}
