import type { Provider } from 'oidc-provider';
import type { Outbound } from '../platform/outbound.ts';
import { replaceMethod } from './seams.ts';

/** In the queue of deliveries (records/deliveries.ts). */
export const NOTIFICATION = 'backchannel-notification';

/** What a client is to be told of its request, sealed while it is queued: it may hold tokens. */
export interface Notification {
  /** The bearer token that the client has given for this (CIBA Core 1.0 §7.1). */
  readonly token: string;
  /** §10.2 (ping), §10.3.1 (push) or §12 (an error that is pushed) */
  readonly body: Readonly<Record<string, unknown>> & { readonly auth_req_id: string };
}

/**
 * The provider would ping while the person waits, and once. Here what is to be told is queued with the decision, see
 * ciba_approval.ts.
 */
export function leaveNotificationsToTheQueue(provider: Provider): void {
  replaceMethod(provider, 'Client.prototype.backchannelPing', () => async () => {});
}

/** Answers after which it makes sense to try again (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
const LATER = new Set([408, 425, 429]);

/**
 * Calls a client's notification endpoint (CIBA Core 1.0 §10.2, §10.3). No redirect is followed.
 * @returns `done` also when the client is gone or wants to be called no more; `refused` when it would be for ever
 * @throws when it may work later
 */
export function createNotificationSender(parts: {
  readonly outbound: Outbound;
  /** As it is registered now. */
  endpointOf(clientId: string): Promise<string | undefined>;
}): (delivery: { readonly clientId: string; readonly content: unknown }) => Promise<'done' | 'refused'> {
  return async ({ clientId, content }) => {
    const endpoint = await parts.endpointOf(clientId);
    if (endpoint === undefined || content === undefined) return 'done';
    const { token, body } = content as Notification;
    const { status, ok } = await parts.outbound.fetch(endpoint, {
      method: 'POST',
      turn: { chosenBy: 'delivery', share: `client:${clientId}` },
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (ok) return 'done';
    if (status >= 400 && status < 500 && !LATER.has(status)) return 'refused';
    throw new Error(`the client answered with ${status}`);
  };
}
