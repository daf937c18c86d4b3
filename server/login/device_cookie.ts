import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEVICE_COOKIE } from '../accounts/devices.ts';
import { issuerCookie } from '../platform/cookies.ts';
import type { Issuer } from '../platform/issuer.ts';

/** The cookie that identifies a browser (OWASP device cookies). It gives no session: wrong guesses are counted by it. */
export interface DeviceCookie {
  read(request: FastifyRequest): string | undefined;
  write(reply: FastifyReply, value: string): void;
}

export function createDeviceCookie(issuer: Issuer, keptSeconds: number): DeviceCookie {
  const { name, options } = issuerCookie(issuer, 'cardea_device');
  return {
    read(request) {
      const value = request.cookies[name];
      return value !== undefined && DEVICE_COOKIE.test(value) ? value : undefined;
    },
    write(reply, value) {
      // Set as a header now: the plugin sets cookies when Fastify sends, and the provider writes this response itself.
      reply.header('set-cookie', reply.server.serializeCookie(name, value, { ...options, maxAge: keptSeconds }));
    },
  };
}
