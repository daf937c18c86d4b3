import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';

/**
 * A receiver of the audit, as ops/docs/audit-delivery.md shows it.
 * @param secret of the destination
 * @param store keeps an event, and does nothing with an id that it has already
 */
export function auditReceiver(secret: () => string, store: (id: string, event: unknown) => Promise<void>): Server {
  // snippet
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const webhook = new Webhook(secret()); // whsec_…
    let event: unknown;
    try {
      event = webhook.verify(Buffer.concat(chunks).toString(), request.headers as Record<string, string>);
    } catch {
      return response.writeHead(401).end(); // not from Cardea, or older than five minutes
    }
    // An event may come more than once, with the same id: store it by that.
    await store(String(request.headers['webhook-id']), event);
    return response.writeHead(204).end(); // only now it counts as delivered
  });
  // end of the snippet
  return server;
}
