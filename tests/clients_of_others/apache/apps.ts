import { randomBytes } from 'node:crypto';
import { type App, piped } from '../app.ts';
import { CREATE } from '../table.ts';

const MODULE = '/usr/lib/apache2/modules/mod_auth_openidc.so';

export const APACHE_APPS: readonly App[] = [
  {
    kind: 'client',
    name: 'mod_auth_openidc',
    version: 'mod_auth_openidc 2.4.12.3',
    folder: 'apache',
    needs: ['/usr/sbin/apache2', MODULE],
    install: [],
    start: ({ folder, scratch, url }) => ({
      ...piped('/usr/sbin/apache2', '-D', 'FOREGROUND', '-f', `${folder}/apache.conf`),
      env: { SCRATCH: scratch, URL: url, PASSPHRASE: randomBytes(18).toString('base64url') },
    }),
    row: {
      name: 'mod_auth_openidc',
      link: 'https://github.com/OpenIDC/mod_auth_openidc#quickstart',
      language: 'any, behind Apache',
      version: '2.4.12.3 (Debian 12)',
      commands: [CREATE('/callback', '/')],
      notes: 'signs in, refreshes, signs out',
      setup:
        'The variables are Apache’s own, of its environment or of `Define`. It signs out at `/callback?logout=` with the encoded URL to come back to. `OIDCPKCEMethod S256` makes it send PKCE as well as the `nonce`.',
      file: 'tests/clients_of_others/apache/apache.conf',
    },
    signIn: '/',
    home: '/callback?info=json',
    refreshed: '/callback?info=json&access_token_refresh_interval=0',
    tokenOf: ({ body }) => (JSON.parse(body) as { access_token?: string }).access_token ?? '',
    signOut: ({ url }) => `/callback?${new URLSearchParams({ logout: `${url}/` })}`,
  },
];
