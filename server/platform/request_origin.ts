import type { FastifyRequest } from 'fastify';

/** From where a request came, as the audit tells of it. */
export interface RequestOrigin {
  readonly requestId: string;
  readonly address: string;
  /** `User-Agent` */
  readonly userAgent: string | undefined;
  /** The session of the person; the same id that operators see. */
  readonly sessionId?: string | undefined;
  /** The app that the request belongs to. */
  readonly clientId?: string | undefined;
}

export function originOf(
  request: FastifyRequest,
  more: Pick<RequestOrigin, 'sessionId' | 'clientId'> = {},
): RequestOrigin {
  return { requestId: request.id, address: request.ip, userAgent: request.headers['user-agent'], ...more };
}
