import type { App } from '../app.ts';
import { APP_IN_TABLE } from '../table.ts';

export const RUST_APPS: readonly App[] = [
  {
    kind: 'client',
    name: 'rust-openidconnect',
    version: 'openidconnect 4.0.1',
    folder: 'rust',
    needs: ['cargo'],
    install: [{ command: 'cargo', args: ['build', '--quiet'] }],
    start: ({ folder }) => ({ command: `${folder}/target/debug/client`, args: [] }),
    row: {
      name: 'openidconnect',
      link: 'https://docs.rs/openidconnect/4.0.1/openidconnect/',
      language: 'Rust',
      version: '4.0.1',
      commands: [`cardea clients create --name "Notes" --redirect-uri ${APP_IN_TABLE}/callback`],
      notes: 'signs in, refreshes; the app signs out by itself',
      file: 'tests/clients_of_others/rust/src/main.rs',
    },
    signIn: '/login',
    refreshed: '/refreshed',
  },
];
