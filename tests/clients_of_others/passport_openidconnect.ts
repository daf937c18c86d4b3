import type { RequestListener } from 'node:http';
import express from 'express';
import session from 'express-session';
import passport, { type Profile } from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';
import type { AppSettings } from './setting.ts';

/** The README of passport-openidconnect, with the session of Express that it stands on. */
export function passportApp({ issuer, clientId, clientSecret, origin }: AppSettings): RequestListener {
  // snippet
  passport.use(
    new OpenIDConnectStrategy(
      {
        issuer,
        authorizationURL: `${issuer}/authorize`,
        tokenURL: `${issuer}/token`,
        userInfoURL: `${issuer}/userinfo`,
        clientID: clientId,
        clientSecret,
        callbackURL: `${origin}/cb`,
        scope: ['profile', 'email'],
      },
      function verify(_issuer: string, profile: Profile, done: OpenIDConnectStrategy.VerifyCallback) {
        return done(null, profile);
      },
    ),
  );
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user: Express.User, done) => done(null, user));

  const app = express();
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }));
  app.use(passport.authenticate('session'));
  app.get('/login', passport.authenticate('openidconnect'));
  app.get('/cb', passport.authenticate('openidconnect', { failureRedirect: '/login' }), (_request, response) => {
    response.redirect('/');
  });
  app.post('/logout', (request, response, next) => {
    request.logout((error) => (error ? next(error) : response.redirect('/')));
  });
  // end of the snippet
  app.get('/', (request, response) => void response.json(request.user ?? null));
  return app;
}
