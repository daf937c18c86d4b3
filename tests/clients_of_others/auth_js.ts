import type { RequestListener } from 'node:http';
import { ExpressAuth } from '@auth/express';
import express from 'express';
import type { AppSettings } from './setting.ts';

/** Auth.js for Express, with its guides “Configuring an OAuth provider” and “Refresh token rotation”. */
export function authJsApp({ issuer, clientId, clientSecret }: AppSettings): RequestListener {
  // snippet
  const app = express();
  app.set('trust proxy', true);
  app.use(
    '/auth',
    ExpressAuth({
      secret: 'a random text of at least 32 characters',
      providers: [{ id: 'cardea', name: 'Cardea', type: 'oidc', issuer, clientId, clientSecret }],
      // From here on only for an app that calls APIs with the access token.
      callbacks: {
        async jwt({ token, account }) {
          if (account) {
            const { access_token, refresh_token, expires_at } = account;
            return { ...token, access_token, refresh_token, expires_at };
          }
          if (Date.now() < Number(token.expires_at) * 1_000) return token;
          const response = await fetch(`${issuer}/token`, {
            method: 'POST',
            body: new URLSearchParams({
              client_id: clientId,
              client_secret: clientSecret,
              grant_type: 'refresh_token',
              refresh_token: String(token.refresh_token),
            }),
          });
          // Without a token the session ends, and the person signs in again.
          if (!response.ok) return null;
          const { access_token, refresh_token, expires_in } = await response.json();
          return { ...token, access_token, refresh_token, expires_at: Math.floor(Date.now() / 1_000) + expires_in };
        },
      },
    }),
  );
  // end of the snippet
  return app;
}
