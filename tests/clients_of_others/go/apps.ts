import { randomBytes } from 'node:crypto';
import type { App } from '../app.ts';
import { CREATE } from '../table.ts';

const BUILD = [{ command: 'go', args: ['build', '-o', 'bin/', './...'] }];
const OAUTH2_PROXY = 'v7.15.6';

export const GO_APPS: readonly App[] = [
  {
    kind: 'client',
    name: 'go-oidc',
    version: 'go-oidc 3.21.0, oauth2 0.38.0',
    folder: 'go',
    needs: ['go'],
    install: BUILD,
    start: ({ folder }) => ({ command: `${folder}/bin/client`, args: [] }),
    row: {
      name: 'go-oidc',
      link: 'https://github.com/coreos/go-oidc/blob/v3/example/idtoken/app.go',
      language: 'Go',
      version: '3.21.0, with golang.org/x/oauth2 0.38.0',
      commands: [CREATE('/auth/callback', '/login')],
      notes: 'signs in, refreshes; the app signs out with `end_session_endpoint` of `provider.Claims`',
      setup: '`config.Client(ctx, token)` refreshes by itself.',
      file: 'tests/clients_of_others/go/client/main.go',
    },
    signIn: '/login',
    refreshed: '/refreshed',
    signOut: () => '/logout',
  },
  {
    kind: 'client',
    name: 'oauth2-proxy',
    version: `oauth2-proxy ${OAUTH2_PROXY.slice(1)}`,
    folder: 'oauth2_proxy',
    needs: ['go'],
    install: [
      {
        command: 'sh',
        args: ['-c', `GOBIN="$PWD/bin" go install github.com/oauth2-proxy/oauth2-proxy/v7@${OAUTH2_PROXY}`],
      },
    ],
    start: ({ folder, port, url, issuer, clientId, clientSecret }) => ({
      command: `${folder}/bin/oauth2-proxy`,
      args: [
        `--config=${folder}/oauth2-proxy.cfg`,
        `--http-address=localhost:${port}`,
        `--redirect-url=${url}/oauth2/callback`,
      ],
      env: {
        OAUTH2_PROXY_OIDC_ISSUER_URL: issuer,
        OAUTH2_PROXY_CLIENT_ID: clientId,
        OAUTH2_PROXY_CLIENT_SECRET: clientSecret,
        OAUTH2_PROXY_WHITELIST_DOMAINS: new URL(issuer).host,
        OAUTH2_PROXY_COOKIE_SECRET: randomBytes(16).toString('hex'),
      },
    }),
    row: {
      name: 'oauth2-proxy',
      link: 'https://oauth2-proxy.github.io/oauth2-proxy/configuration/providers/openid_connect',
      language: 'any, behind the proxy',
      version: OAUTH2_PROXY.slice(1),
      commands: [`${CREATE('/oauth2/callback', '/oauth2/start')} --pkce off`],
      notes: 'signs in, refreshes with `cookie_refresh`, signs out',
      setup:
        'It sends neither PKCE nor a `nonce`: hence `--pkce off`. `code_challenge_method = "S256"` makes it send PKCE: that is safer, and then `--pkce off` is not needed. To sign out at Cardea too: `/oauth2/sign_out?rd=` with the encoded URL of `/logout?client_id=…&post_logout_redirect_uri=…`, whose host is in `whitelist_domains`.',
      file: 'tests/clients_of_others/oauth2_proxy/oauth2-proxy.cfg',
    },
    signIn: '/oauth2/start',
    home: '/oauth2/userinfo',
    refreshed: '/oauth2/auth',
    signOut: ({ issuer, url, clientId }) => {
      const back = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: `${url}/oauth2/start` });
      return `/oauth2/sign_out?${new URLSearchParams({ rd: `${issuer}/logout?${back}` })}`;
    },
    tokenOf: ({ headers }) => headers.get('x-auth-request-access-token') ?? '',
  },
  {
    kind: 'api',
    name: 'go-api',
    version: 'go-oidc 3.21.0',
    folder: 'go',
    needs: ['go'],
    install: BUILD,
    start: ({ folder }) => ({ command: `${folder}/bin/api`, args: [] }),
    options: [],
  },
];
