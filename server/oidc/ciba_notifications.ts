import type { Provider } from 'oidc-provider';
import type { Outbound } from '../platform/outbound.ts';
import { replaceMethod } from './seams.ts';

/** The kind of these deliveries in the queue (records/deliveries.ts). */
export const NOTIFICATION = 'backchannel-notification';

/** The notification of a client about its request. It may contain tokens, so it is sealed while it is queued. */
export interface Notification {
  /** `client_notification_token` of the request (CIBA Core 1.0 §7.1). */
  readonly token: string;
  /** §10.2 (ping), §10.3.1 (push) or §12 (push of an error) */
  readonly body: Readonly<Record<string, unknown>> & { readonly auth_req_id: string };
}

/** The provider would ping once, while the person waits. Instead, the notification is queued with the decision (ciba_approval.ts). */
export function disableProviderPings(provider: Provider): void {
  replaceMethod(provider, 'Client.prototype.backchannelPing', () => async () => {});
}

/** Statuses after which another attempt may succeed (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
const RETRYABLE = new Set([408, 425, 429]);

/**
 * Calls a client's notification endpoint (CIBA Core 1.0 §10.2, §10.3). No redirect is followed.
 * @returns `done` also when the client is gone or has removed its endpoint; `refused` when no attempt would succeed
 * @throws Error when another attempt may succeed
 */
export function createNotificationSender(parts: {
  readonly outbound: Outbound;
  /** @returns the registered endpoint, if there still is one */
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
    if (status >= 400 && status < 500 && !RETRYABLE.has(status)) return 'refused';
    throw new Error(`the client responded with ${status}`);
  };
}
