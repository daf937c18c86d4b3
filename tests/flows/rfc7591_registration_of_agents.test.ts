import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { deployment } from '../helpers/deployment.ts';
import { textsOf } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { initialTokens, partyOf, register } from '../helpers/registration.ts';
import { begin, errorOn, shown } from './support.ts';

/** What editors, agents and other apps send when they register themselves (RFC 7591), and what they get. */
const app = await deployment({ after });
const initialToken = initialTokens(app);
const anything = await initialToken();
const CALLBACK = 'https://agent.example/cb';
const BASIC = { client_name: 'Agent', redirect_uris: [CALLBACK] };
const METADATA_ERROR = 'invalid_client_metadata';

describe('registration (RFC 7591)', () => {
  test('lets the pages show where the answer goes: a website, or an app on the device (RFC 8252 §8.6)', async () => {
    const redirect_uris = ['cursor://anysphere.cursor-mcp/oauth/callback', CALLBACK, 'http://localhost:8787/callback'];
    const { body } = await register(
      app,
      { ...BASIC, redirect_uris, token_endpoint_auth_method: 'none' },
      {
        token: anything,
      },
    );
    const shownFor = [
      message('client.device.scheme', { scheme: 'cursor:' }),
      new URL(CALLBACK).host,
      en['client.device'],
    ];
    for (const [index, redirectUri] of redirect_uris.entries()) {
      const { page } = await begin(app, { ...partyOf(body), redirectUri }, { scope: 'openid' });
      assert.deepEqual(textsOf(page, '.client .identity-detail'), [shownFor[index]], redirectUri);
    }
  });

  test('leaves out grant and response types that are not on offer, and says what it registered (§2, §3.2.1)', async () => {
    const device = 'urn:ietf:params:oauth:grant-type:device_code';
    const tries: readonly (readonly [asked: object, grants: string[], responses: string[]])[] = [
      [
        { grant_types: ['authorization_code', 'refresh_token', device] },
        ['authorization_code', 'refresh_token'],
        ['code'],
      ],
      [{ grant_types: ['authorization_code', 'client_credentials', 'unknown'] }, ['authorization_code'], ['code']],
      [
        { grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'code id_token', 'token'] },
        ['authorization_code'],
        ['code'],
      ],
    ];
    for (const [asked, grants, responses] of tries) {
      const { status, body } = await register(app, { ...BASIC, ...asked }, { token: anything });
      assert.equal(status, 201, JSON.stringify(body));
      assert.deepEqual([body.grant_types, body.response_types], [grants, responses]);
      assert.deepEqual((await app.seed.clients.find(body.client_id))?.metadata.grant_types, grants);
    }
    for (const grant_types of [[], ['refresh_token'], [device], [device, 'refresh_token'], ['unknown']]) {
      const { status, body } = await register(app, { ...BASIC, grant_types }, { token: anything });
      assert.deepEqual([status, body.error], [400, METADATA_ERROR], JSON.stringify(grant_types));
      assert.match(body.error_description, /^grant_types: .*authorization_code/);
    }
    const none = await register(app, { ...BASIC, response_types: ['id_token'] }, { token: anything });
    assert.deepEqual([none.status, none.body.error], [400, METADATA_ERROR], 'no code, so no answer to the grant');
  });

  test('offers what the initial access token allows', async () => {
    const grants = ['authorization_code', 'client_credentials', 'implicit'];
    const { body } = await register(
      app,
      { ...BASIC, grant_types: [...grants, 'refresh_token'] },
      {
        token: await initialToken({ grantTypes: grants }),
      },
    );
    assert.deepEqual(
      body.grant_types,
      ['authorization_code', 'client_credentials'],
      'the profile has no implicit grant',
    );
  });

  describe('takes what editors and agents send', () => {
    const common = { token_endpoint_auth_method: 'none', response_types: ['code'] };
    const agents = {
      'VS Code': {
        ...common,
        client_name: 'Visual Studio Code',
        client_uri: 'https://code.visualstudio.com',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        redirect_uris: [
          'https://insiders.vscode.dev/redirect',
          'https://vscode.dev/redirect',
          'http://127.0.0.1/',
          'http://127.0.0.1:33418/',
        ],
        application_type: 'native',
      },
      Cursor: {
        ...common,
        client_name: 'Cursor',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [
          'cursor://anysphere.cursor-mcp/oauth/callback',
          'https://www.cursor.com/agents/mcp/oauth/callback',
          'http://localhost:8787/callback',
        ],
      },
      'Cursor, older': { ...common, redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] },
      'MCP inspector': {
        ...common,
        client_name: 'MCP Inspector',
        client_uri: 'https://github.com/modelcontextprotocol/inspector',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://localhost:6274/oauth/callback'],
        scope: '',
      },
      'Claude Code': {
        ...common,
        client_name: 'Claude Code',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://localhost:54212/callback'],
        scope: 'openid read',
      },
    };
    for (const [name, asked] of Object.entries(agents)) {
      test(name, async () => {
        const { status, body } = await register(app, asked, { token: anything });
        assert.equal(status, 201, JSON.stringify(body));
        assert.deepEqual([body.redirect_uris, body.application_type], [asked.redirect_uris, 'native']);
        // RFC 8252 §7.3: the port of a loopback address is the one that was free.
        const used = asked.redirect_uris.map((uri) => uri.replace(/^(http:\/\/[^/:]+)(:\d+)?\//, '$1:59656/'));
        for (const redirectUri of [...asked.redirect_uris, ...used]) {
          const { page } = await begin(app, { ...partyOf(body), redirectUri }, { scope: 'openid' });
          assert.equal(shown(page), 'sign-in', redirectUri);
        }
      });
    }
  });

  test('shows a developer without PKCE what to switch on: on a page, since the app is not trusted with redirects yet', async () => {
    const { body } = await register(app, { ...BASIC, token_endpoint_auth_method: 'none' }, { token: anything });
    const { page } = await begin(app, partyOf(body), { code_challenge: undefined, code_challenge_method: undefined });
    assert.equal(errorOn(page), 'invalid_request');
    assert.match(page.body, /code_challenge/);
  });
});
