import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AppError } from '../platform/errors.ts';

/**
 * What client libraries send in good faith, read as the RFCs mean it where the provider reads it differently.
 */

/**
 * RFC 9110 §5.3: a field that is no list is sent once. Node would take the first and what is in front of it may have
 * looked at the last.
 * @throws AppError 400 `invalid_request`
 */
export function refuseRepeatedAuthorization({ rawHeaders }: IncomingMessage): void {
  const isAuthorization = (name: string, index: number) => index % 2 === 0 && name.toLowerCase() === 'authorization';
  if (rawHeaders.filter(isAuthorization).length > 1)
    throw new AppError('invalid_request', 'Authorization must not be sent twice');
}

/** Changes the headers of a request to an endpoint for clients. */
export function normalizeHeaders(headers: IncomingHttpHeaders): void {
  // RFC 9110 §11.4: any number of spaces between scheme and credentials
  if (headers.authorization) headers.authorization = headers.authorization.replace(/^(\S+) +/, '$1 ');
  // RFC 6749 §5.2: an error is JSON. Java's HttpURLConnection says of itself that it would rather have HTML.
  const accepted = headers.accept?.split(',').filter((one) => !/^\s*text\/(html|\*)/i.test(one));
  if (accepted) headers.accept = accepted.join(',') || '*/*';
}
