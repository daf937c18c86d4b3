import type { FastifyInstance } from 'fastify';
import type { Issuer } from '../platform/issuer.ts';
import { accountPath } from '../views/paths.ts';

/** URLs at which password managers look for account pages, and the pages' paths with a slash at the end. */
export async function wellKnownRoutes(
  app: FastifyInstance,
  { issuer, pages }: { readonly issuer: Issuer; readonly pages: readonly string[] },
): Promise<void> {
  // W3C "A Well-Known URL for Changing Passwords"
  app.get('/.well-known/change-password', async (_request, reply) => reply.redirect(accountPath('password'), 303));

  // W3C "A Well-Known URL for Relying Party Passkey Endpoints"
  const url = issuer.url(accountPath('passkeys'));
  app.get('/.well-known/passkey-endpoints', async (_request, reply) =>
    reply.header('access-control-allow-origin', '*').send({ enroll: url, manage: url }),
  );

  for (const path of pages) app.get(`${path}/`, async (_request, reply) => reply.redirect(path, 303));
}
