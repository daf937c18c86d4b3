import type { FastifyInstance } from 'fastify';
import type { Issuer } from '../platform/issuer.ts';
import { accountPath } from '../views/paths.ts';

/** URLs at which password managers look for account pages. */
export function wellKnownRoutes(app: FastifyInstance, issuer: Issuer): void {
  // W3C "A Well-Known URL for Changing Passwords"
  const password = issuer.path(accountPath('password'));
  app.get('/.well-known/change-password', async (_request, reply) => reply.redirect(password, 303));

  // W3C "A Well-Known URL for Relying Party Passkey Endpoints"
  const url = issuer.url(accountPath('passkeys'));
  app.get('/.well-known/passkey-endpoints', async (_request, reply) =>
    reply.header('access-control-allow-origin', '*').send({ enroll: url, manage: url }),
  );
}
