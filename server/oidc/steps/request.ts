import { AppError } from '../../platform/errors.ts';
import type { Exchange } from '../exchange.ts';

/** The provider reads bodies up to 56 KiB and calls a longer one a parse error. */
const BODY_LIMIT = 56 * 1024;

/** @throws AppError 413 `invalid_request` */
export function refuseOversizedBody({ ctx }: Exchange): void {
  if (Number(ctx.get('content-length')) > BODY_LIMIT)
    throw new AppError('invalid_request', `the request body is longer than ${BODY_LIMIT} bytes`, { status: 413 });
}

/**
 * RFC 9110 §5.3: a header field whose value is not a list is sent once. Node uses the first of several; a proxy may have
 * checked the last.
 * @throws AppError 400 `invalid_request`
 */
export function refuseRepeatedAuthorization({ ctx }: Exchange): void {
  const isAuthorization = (name: string, index: number) => index % 2 === 0 && name.toLowerCase() === 'authorization';
  if (ctx.req.rawHeaders.filter(isAuthorization).length > 1)
    throw new AppError('invalid_request', 'Authorization must not be sent twice');
}

/** Changes headers that client libraries send in good faith, and that the provider reads in another way than the RFCs. */
export function normalizeHeaders({ ctx }: Exchange): void {
  const { headers } = ctx.req;
  // RFC 9110 §11.4: any number of spaces between scheme and credentials
  if (headers.authorization) headers.authorization = headers.authorization.replace(/^(\S+) +/, '$1 ');
  // RFC 6749 §5.2: an error is JSON. Java's HttpURLConnection always asks for HTML first.
  const accepted = headers.accept?.split(',').filter((one) => !/^\s*text\/(html|\*)/i.test(one));
  if (accepted) headers.accept = accepted.join(',') || '*/*';
}

/**
 * OpenID Connect Core §5.3.1: with a token in the Authorization header the body says nothing, but some clients send one, or a
 * media type without one. The provider refuses all types other than that of forms, so it is not told.
 */
export function ignoreOtherBodies({ ctx }: Exchange): void {
  const { headers } = ctx.req;
  if (headers.authorization !== undefined && !ctx.is('application/x-www-form-urlencoded'))
    delete headers['content-type'];
}

/** RFC 8705: reads the certificate of the connection, or the one that a trusted proxy passes on. @throws AppError 400 */
export function readClientCertificate({ ctx, services }: Exchange): void {
  services.certificates.readCertificate(ctx.req);
}

/** @throws AppError 503 on a node that may have missed that its signing key was withdrawn */
export function requireSigningKey({ services }: Exchange): void {
  services.assertCanSign();
}

/**
 * For a path such as `/%74oken`, which the mount's router decodes and the provider's does not.
 * @throws AppError 404 `not_found`
 */
export function refuseUnknownPath(): void {
  throw new AppError('not_found', 'there is nothing here');
}
