import type { App, Place } from '../app.ts';
import { APP_IN_TABLE, CREATE } from '../table.ts';

const PYTHON = {
  folder: 'python',
  needs: ['python3'],
  install: [
    { command: 'python3', args: ['-m', 'venv', 'venv'] },
    { command: 'venv/bin/pip', args: ['install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'] },
  ],
} as const;

const script =
  (file: string) =>
  ({ folder }: Place) => ({ command: `${folder}/venv/bin/python`, args: ['-u', file] });

export const PYTHON_APPS: readonly App[] = [
  {
    ...PYTHON,
    kind: 'client',
    name: 'authlib-flask',
    version: 'Authlib 1.9.10',
    start: script('authlib_flask.py'),
    row: {
      name: 'Authlib, Flask',
      link: 'https://docs.authlib.org/en/latest/client/flask.html',
      language: 'Python',
      version: '1.9.10',
      commands: [CREATE('/auth', '/login')],
      notes: 'signs in, refreshes, signs out',
      setup:
        '`fetch_token` and `update_token` are only for refreshing. To send PKCE as well as the `nonce`: `code_challenge_method="S256"` in `client_kwargs`.',
      file: 'tests/clients_of_others/python/authlib_flask.py',
    },
    signIn: '/login',
    refreshed: '/refreshed',
    signOut: () => '/logout',
  },
  {
    ...PYTHON,
    kind: 'client',
    name: 'authlib-fastapi',
    version: 'Authlib 1.9.10',
    start: script('authlib_starlette.py'),
    row: {
      name: 'Authlib, FastAPI',
      link: 'https://docs.authlib.org/en/latest/client/fastapi.html',
      language: 'Python',
      version: '1.9.10',
      commands: [CREATE('/auth', '/login')],
      notes: 'signs in, signs out',
      file: 'tests/clients_of_others/python/authlib_starlette.py',
    },
    signIn: '/login',
    signOut: () => '/logout',
  },
  {
    ...PYTHON,
    kind: 'client',
    name: 'requests-oauthlib',
    version: 'requests-oauthlib 2.0.0',
    start: script('requests_oauthlib_app.py'),
    row: {
      name: 'requests-oauthlib',
      link: 'https://requests-oauthlib.readthedocs.io/en/latest/examples/real_world_example.html',
      language: 'Python',
      version: '2.0.0',
      commands: [`cardea clients create --name "Notes" --pkce off --redirect-uri ${APP_IN_TABLE}/callback`],
      notes: 'signs in, refreshes; has no sign-out',
      setup:
        'It sends neither PKCE nor a `nonce`: hence `--pkce off`. With `OAuth2Session(client_id, pkce="S256", …)`, kept until the callback, it sends PKCE: that is safer, and then `--pkce off` is not needed. It reads no ID token.',
      file: 'tests/clients_of_others/python/requests_oauthlib_app.py',
    },
    signIn: '/login',
    refreshed: '/refreshed',
  },
  {
    ...PYTHON,
    kind: 'client',
    name: 'mozilla-django-oidc',
    version: 'mozilla-django-oidc 5.0.2',
    start: ({ folder, scratch, port }) => ({
      command: 'sh',
      args: ['-c', 'python -m django migrate -v 0 && exec python -m django runserver --noreload "$0"', String(port)],
      env: {
        PATH: `${folder}/venv/bin:${process.env.PATH}`,
        DJANGO_SETTINGS_MODULE: 'django_app.settings',
        DATABASE: `${scratch}/django.sqlite3`,
      },
    }),
    row: {
      name: 'mozilla-django-oidc',
      link: 'https://mozilla-django-oidc.readthedocs.io/en/stable/installation.html',
      language: 'Python, Django',
      version: '5.0.2',
      commands: [`${CREATE('/oidc/callback/', '/oidc/authenticate/')} --auth-method client_secret_post`],
      notes: 'signs in, signs out; does not refresh',
      setup:
        'It sends its secret in the body: hence `--auth-method client_secret_post`, unless `OIDC_TOKEN_USE_BASIC_AUTH = True`. `OIDC_USE_PKCE = True` makes it send PKCE as well as the `nonce`.',
      file: 'tests/clients_of_others/python/django_app/settings.py',
      secondFile: 'tests/clients_of_others/python/django_app/urls.py',
    },
    signIn: '/oidc/authenticate/',
    signOutForm: '/',
  },
  {
    ...PYTHON,
    kind: 'api',
    name: 'fastapi-api',
    version: 'PyJWT 2.15.1',
    start: script('fastapi_api.py'),
    options: [],
  },
];
