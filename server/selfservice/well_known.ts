import type { FastifyInstance } from 'fastify';
import { passkeysPage } from './passkeys.ts';
import { passwordPage } from './password.ts';

/** Where password managers look for pages of the account, and where people do who type one slash too many. */
export async function wellKnownRoutes(
  app: FastifyInstance,
  { issuer, pages }: { readonly issuer: URL; readonly pages: readonly string[] },
): Promise<void> {
  // W3C "A Well-Known URL for Changing Passwords"
  app.get('/.well-known/change-password', async (_request, reply) => reply.redirect(passwordPage.path, 303));

  // W3C "A Well-Known URL for Relying Party Passkey Endpoints"
  const url = new URL(passkeysPage.path, issuer).href;
  app.get('/.well-known/passkey-endpoints', async (_request, reply) =>
    reply.header('access-control-allow-origin', '*').send({ enroll: url, manage: url }),
  );

  for (const path of pages) app.get(`${path}/`, async (_request, reply) => reply.redirect(path, 303));
}
