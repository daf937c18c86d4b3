import type { RequestListener } from 'node:http';
import express from 'express';
import session from 'express-session';
import * as client from 'openid-client';
import type { AppSettings } from './setting.ts';

declare module 'express-session' {
  interface SessionData {
    code_verifier: string;
    state: string;
    nonce: string;
    tokens: client.TokenEndpointResponse;
  }
}

/** The quick start of openid-client, in Express. */
export function openidClientApp({ issuer, clientId, clientSecret, origin }: AppSettings): RequestListener {
  const app = express();
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }));
  // snippet
  // Without TLS, as in development and in tests.
  const options = { execute: [client.allowInsecureRequests] };
  const configured = client.discovery(new URL(issuer), clientId, clientSecret, undefined, options);

  app.get('/login', async (request, response) => {
    const code_verifier = client.randomPKCECodeVerifier();
    request.session.code_verifier = code_verifier;
    const parameters = {
      redirect_uri: `${origin}/callback`,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
      code_challenge_method: 'S256',
    };
    response.redirect(client.buildAuthorizationUrl(await configured, parameters).href);
  });
  app.get('/callback', async (request, response) => {
    const currentUrl = new URL(request.originalUrl, origin);
    const checks = { pkceCodeVerifier: request.session.code_verifier ?? '', idTokenExpected: true };
    const tokens = await client.authorizationCodeGrant(await configured, currentUrl, checks);
    request.session.tokens = tokens;
    response.json(tokens.claims());
  });
  app.post('/refresh', async (request, response) => {
    const { refresh_token = '' } = request.session.tokens ?? {};
    request.session.tokens = await client.refreshTokenGrant(await configured, refresh_token);
    response.json(request.session.tokens);
  });
  app.get('/logout', async (request, response) => {
    const { id_token = '' } = request.session.tokens ?? {};
    const parameters = { post_logout_redirect_uri: `${origin}/`, id_token_hint: id_token };
    const url = client.buildEndSessionUrl(await configured, parameters);
    request.session.destroy(() => response.redirect(url.href));
  });
  // end of the snippet
  app.get('/', (request, response) => void response.json(request.session.tokens ?? null));
  return app;
}
