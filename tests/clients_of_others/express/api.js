/** An API that verifies access tokens (RFC 9068) with jose. */
// snippet
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER: issuer, AUDIENCE: audience, PORT } = process.env;
const app = express();
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const verify = (token) => jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] });

app.use(async (request, response, next) => {
  const [scheme, token = ''] = (request.get('authorization') ?? '').split(' ');
  const verified = scheme.toLowerCase() === 'bearer' && (await verify(token).catch(() => undefined));
  if (!verified) return response.set('www-authenticate', 'Bearer').sendStatus(401);
  request.token = verified.payload;
  next();
});
// end of the snippet

app.get('/', (request, response) => response.send(request.token.sub));
app.listen(Number(PORT), 'localhost');
