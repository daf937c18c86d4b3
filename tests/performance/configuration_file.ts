import { stringify } from 'yaml';

/** A configuration file that declares as many clients. */
export function manyClients(count: number): string {
  const clients = Array.from({ length: count }, (_, i) => [
    `client-${i}`,
    {
      client_name: `Client ${i}`,
      token_endpoint_auth_method: 'none',
      redirect_uris: [`https://client-${i}.example/callback`],
      scope: 'openid profile email',
    },
  ]);
  return stringify({ clients: Object.fromEntries(clients) });
}
