import type { RequestListener } from 'node:http';
import { ExpressAuth } from '@auth/express';
import express from 'express';
import type { AppSettings } from './setting.ts';

/** Auth.js for Express, with the provider of its guide "Configuring an OAuth provider". */
export function authJsApp({ issuer, clientId, clientSecret }: AppSettings): RequestListener {
  // snippet
  const app = express();
  app.set('trust proxy', true);
  app.use(
    '/auth',
    ExpressAuth({
      secret: 'a random text of at least 32 characters',
      providers: [{ id: 'cardea', name: 'Cardea', type: 'oidc', issuer, clientId, clientSecret }],
    }),
  );
  // end of the snippet
  return app;
}
