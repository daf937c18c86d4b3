import type { FastifyInstance } from 'fastify';
import { PATHS } from '../views/paths.ts';
import { forgotRoutes } from './forgot.ts';
import { linkRoutes } from './links.ts';
import type { PublicOptions } from './public_options.ts';
import { signUpRoutes } from './sign_up.ts';

/** Pages for people who are not signed in: a forgotten password, signing up, and what mailed links lead to. */
export async function publicRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  await forgotRoutes(app, options);
  if (options.signUp) await signUpRoutes(app, options);
  await linkRoutes(app, options);
  for (const path of [...(options.signUp ? [PATHS.signUp] : [])])
    app.get(`${path}/`, async (_request, reply) => reply.redirect(path, 303));
}
