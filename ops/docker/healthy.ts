/** `HEALTHCHECK` of the image: exits with 0 when the server of this container answers at /healthz. */
import { type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';

const { CARDEA_PORT: port = '3000', CARDEA_TLS_CERT: certificate } = process.env;
// The certificate is for the issuer's name, and this never leaves the container.
const options: RequestOptions & { rejectUnauthorized: boolean } = {
  host: '127.0.0.1',
  port,
  path: '/healthz',
  timeout: 2_000,
  rejectUnauthorized: false,
};
const asked = (certificate === undefined ? request : requestTls)(options, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
});
asked.on('timeout', () => process.exit(1));
asked.on('error', () => process.exit(1));
asked.end();
