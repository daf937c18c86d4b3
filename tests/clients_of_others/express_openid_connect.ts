import type { RequestListener } from 'node:http';
import express from 'express';
import { auth } from 'express-openid-connect';
import type { AppSettings } from './setting.ts';

/** The README of express-openid-connect, with a secret and response_type `code` as its examples have for calls of an API. */
export function expressOpenidConnectApp({ issuer, clientId, clientSecret, origin }: AppSettings): RequestListener {
  const app = express();
  // snippet
  app.use(
    auth({
      issuerBaseURL: issuer,
      baseURL: origin,
      clientID: clientId,
      clientSecret,
      secret: 'LONG_RANDOM_STRING',
      authorizationParams: { response_type: 'code' },
      idpLogout: true,
    }),
  );
  app.get('/', (request, response) => {
    response.json(request.oidc.user);
  });
  app.post('/refresh', async (request, response) => {
    const token = await request.oidc.accessToken?.refresh();
    response.json(token?.access_token);
  });
  // end of the snippet
  return app;
}
