import type { FastifyInstance } from 'fastify';
import { FORGOT_PATH, forgotRoutes } from './forgot.ts';
import { linkRoutes } from './links.ts';
import type { PublicOptions } from './public_options.ts';
import { SIGN_UP_PATH, signUpRoutes } from './sign_up.ts';

/** Pages for people who are not signed in: a forgotten password, signing up, and what mailed links lead to. */
export async function publicRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  await forgotRoutes(app, options);
  if (options.signUp) await signUpRoutes(app, options);
  await linkRoutes(app, options);
  for (const path of [FORGOT_PATH, ...(options.signUp ? [SIGN_UP_PATH] : [])])
    app.get(`${path}/`, async (_request, reply) => reply.redirect(path, 303));
}
