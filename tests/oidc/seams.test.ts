import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { REFUSALS } from '../../server/oidc/events.ts';
import type * as Seams from '../../server/oidc/seams.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { copyLibrary, type Renaming } from './renamed_library.ts';

const LIBRARY = join(ROOT, 'node_modules', 'oidc-provider');

const lib = (file: string, from: string, to: string): Renaming => ({ file: `lib/${file}`, from, to });
const everywhere = (from: string): Renaming => ({ from, to: `renamed_${from}` });
/** A method with an additional parameter. */
const wider = (file: string, from: string): Renaming => lib(file, from, from.replace('(', '(another, '));
const app = (from: string) => lib('helpers/initialize_app.js', from, from.replace("'", "'renamed_"));

/** For each seam, by its name in `inspectSeams`, a change that a new version of the library may bring. */
const RENAMED: Readonly<Record<string, Renaming>> = {
  version: { file: 'package.json', from: '"version": "', to: '"version": "1' },

  'AccessToken.prototype.save': lib('models/base_token.js', 'async save()', 'async store()'),
  'Claims.prototype.result': lib('helpers/claims.js', 'async result()', 'async values()'),
  'Client.find': lib('models/client.js', 'static async find(id)', 'static async lookUp(id)'),
  'Client.prototype.backchannelLogout': everywhere('backchannelLogout'),
  'Client.prototype.backchannelPing': everywhere('backchannelPing'),
  'Client.prototype.compareClientSecret': everywhere('compareClientSecret'),
  'DeviceCode.findByUserCode': lib('models/device_code.js', 'async findByUserCode', 'async findByCode'),
  'IdToken.prototype.issue': lib('models/id_token.js', 'async issue(', 'async sign('),
  'IdToken.prototype.payload': lib('models/id_token.js', 'async payload()', 'async claims()'),
  'IdToken.prototype.set': lib('models/id_token.js', 'set(key, value)', 'set(value, key)'),
  'IdToken.validate': wider('models/id_token.js', 'async validate(jwt'),

  'function assertPayload': lib('helpers/jwt.js', 'ignoreExpiration,', 'ignoreExpiry: ignoreExpiration,'),
  'function checkDpopReplay': wider('helpers/validate_dpop.js', 'function checkDpopReplay(provider'),
  'function checkDpopRequired': everywhere('checkDpopRequired'),
  'function checkMtlsCert': everywhere('checkMtlsCert'),
  'function endSession': lib('actions/end_session.js', 'async function endSession(ctx)', 'async function finish(ctx)'),
  'function issueTokens': everywhere('issueTokens'),
  'function resolveRequestedResources': wider('helpers/grant_authorization.js', 'resolveRequestedResources(provider'),
  'function validateDpop': lib('helpers/grants.js', 'default as validateDpop', 'default as verifyDpop'),

  'DPoPNonces.nextChallenge': lib('helpers/challenge.js', 'nextChallenge()', 'next()'),
  'DPoPNonces.checkChallenge': wider('helpers/challenge.js', 'checkChallenge(challenge'),

  'payload of AccessToken': lib('models/access_token.js', "'sessionUid',", "'sessionId',"),
  'payload of AuthorizationCode': lib('models/authorization_code.js', "'grantId',", "'grant',"),
  'payload of BackchannelAuthenticationRequest': lib(
    'models/backchannel_authentication_request.js',
    "'params',",
    "'parameters',",
  ),
  'payload of ClientCredentials': lib('models/client_credentials.js', "'extra',", "'more',"),
  'payload of DeviceCode': lib('models/device_code.js', "'inFlight',", "'confirmed',"),
  'payload of Grant': lib('models/grant.js', "'resources',", "'resourceServers',"),
  'payload of Interaction': lib('models/interaction.js', "'lastSubmission',", "'submission',"),
  'payload of PushedAuthorizationRequest': lib('models/pushed_authorization_request.js', "'consumed',", "'used',"),
  'payload of RefreshToken': lib('models/refresh_token.js', "'consumed',", "'used',"),
  'payload of Session': lib('models/session.js', "'authorizations',", "'clients',"),

  'check of login: essential_acrs': everywhere('essential_acrs'),
  'check of login: essential_acr': lib('helpers/interaction_policy/prompts/login.js', "'essential_acr'", "'acr'"),
  'check of consent: op_claims_missing': everywhere('op_claims_missing'),
  'check of consent: op_scopes_missing': everywhere('op_scopes_missing'),

  'route authorization': app("get('authorization'"),
  'route backchannel_authentication': app("post('backchannel_authentication'"),
  'route code_verification': {
    file: 'lib/helpers/initialize_app.js',
    from: "('code_verification',",
    to: "('verification',",
  },
  'route device_authorization': app("post('device_authorization'"),
  'route device_resume': app("get('device_resume'"),
  'route end_session': app("get('end_session'"),
  'route end_session_confirm': app("post('end_session_confirm'"),
  'route end_session_success': app("get('end_session_success'"),
  'route introspection': app("post('introspection'"),
  'route jwks': app("get('jwks'"),
  'route pushed_authorization_request': app("post('pushed_authorization_request'"),
  'route resume': app("get('resume'"),
  'route revocation': app("post('revocation'"),
  'route token': app("post('token'"),
  'route userinfo': {
    file: 'lib/helpers/initialize_app.js',
    from: "('userinfo',",
    to: "('user_info',",
  },

  router: lib('helpers/router.js', 'match(method, path) {', 'find(method, path) {'),

  'form error AbortedError': everywhere('AbortedError'),
  'form error AlreadyUsedError': everywhere('AlreadyUsedError'),
  'form error ExpiredError': everywhere('ExpiredError'),
  'form error NoCodeError': everywhere('NoCodeError'),
  'form error NotFoundError': everywhere('NotFoundError'),

  'response mode query': app("registerResponseMode('query'"),
  'response mode fragment': app("registerResponseMode('fragment'"),
  'response mode form_post': app("registerResponseMode('form_post'"),
  'response mode jwt': app("registerResponseMode('jwt'"),
  'response mode query.jwt': app("['query', 'fragment', 'form_post']"),
  'response mode fragment.jwt': app("'fragment', 'form_post']"),
  'response mode form_post.jwt': app("'form_post']"),

  'client member backchannelTokenDeliveryMode': renamedMember('backchannel_token_delivery_mode'),
  'client member scope': renamedMember('scope'),
  'client member sectorIdentifier': lib('models/client.js', 'get sectorIdentifier()', 'get sector()'),
  'client member subjectType': renamedMember('subject_type'),
  'client member tokenEndpointAuthMethod': renamedMember('token_endpoint_auth_method'),
  'client keys refresh': lib('models/client.js', 'async refresh()', 'async reload()'),
  'client keys selectForEncrypt': everywhere('selectForEncrypt'),
  'client keys selectForVerify': everywhere('selectForVerify'),

  'context member params': lib('shared/assemble_params.js', 'ctx.oidc.params', 'ctx.oidc.parameters'),
  'context member route': lib('helpers/oidc_context.js', 'this.route =', 'this.routeName ='),

  als: lib('helpers/als.js', 'new AsyncLocalStorage()', '{}'),
  'proof window': lib('helpers/challenge.js', 'STEP * 5', 'STEP * 10'),
};

/** A client property that is no longer named after the metadata of RFC 7591. */
function renamedMember(metadata: string): Renaming {
  return lib(
    'models/client.js',
    'return camelCase(key);',
    `return key === '${metadata}' ? 'renamed' : camelCase(key);`,
  );
}

/** Loading a copy of the library takes long, so each copy has several renamings in unrelated parts. */
const COPIES = 8;
const copyOf = (row: number) => `copy ${row % COPIES}`;
const copies = copyLibrary(
  Object.groupBy(Object.values(RENAMED), (_renaming, row) => copyOf(row)) as Record<string, readonly Renaming[]>,
);
after(copies.remove);

const FEATURES = {
  ciba: { enabled: true },
  deviceFlow: { enabled: true },
  devInteractions: { enabled: false },
  introspection: { enabled: true },
  jwtResponseModes: { enabled: true },
  revocation: { enabled: true },
};

const configuration = {
  adapter: class {},
  features: FEATURES,
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
};

/** A provider of that copy of the library, with the module that checks it. */
async function load(copy: string) {
  const seams = await copies.load<typeof Seams>(copy, 'server/oidc/seams.ts');
  const { Provider } = await copies.load<typeof import('oidc-provider')>(
    copy,
    'node_modules/oidc-provider/lib/index.js',
  );
  return { seams, provider: new Provider('https://issuer.invalid', configuration as object) };
}

test('the installed version of the library is the tested one', async () => {
  const { seams, provider } = await load('unchanged');
  seams.assertSeams(provider);
  assert.deepEqual(
    Object.keys(seams.inspectSeams(provider)).sort(),
    Object.keys(RENAMED).sort(),
    'each seam has an entry in this test, and each entry is a seam',
  );
});

describe('a provider is refused at start when the library has a different', () => {
  for (const [row, [name, renaming]] of Object.entries(RENAMED).entries()) {
    test(name, async () => {
      const files = renaming.file === undefined ? globSync('lib/**/*.js', { cwd: LIBRARY }) : [renaming.file];
      const isThere = files.some((file) => readFileSync(join(LIBRARY, file), 'utf8').includes(renaming.from));
      assert.ok(isThere, `the library has no ${renaming.from}: find out what replaced it`);
      const { seams, provider } = await load(copyOf(row));
      assert.notEqual(seams.inspectSeams(provider)[name], undefined);
      assert.throws(() => seams.assertSeams(provider), { code: 'untested_library' });
    });
  }
});

/**
 * Parts of the library that are only visible in its source: error texts, events, forms, cookies. When an upgrade
 * removes one, find out what replaced it, and change the code that relies on it.
 */
const TEXTS: Readonly<Record<string, readonly (readonly [file: string, ...texts: string[]])[]>> = {
  'each endpoint reports its errors under the name of its own event': [
    [
      'helpers/initialize_app.js',
      ...REFUSALS.filter((event) => event !== 'authorization.error').map((event) => `error('${event}')`),
    ],
    [
      'shared/authorization_error_handler.js',
      "emit('authorization.error', ctx, err)",
      "emit('server_error', ctx, err)",
    ],
    ['shared/error_handler.js', "emit('server_error', ctx, err)", 'emit(eventName, ctx, err)'],
  ],
  'details of errors by which a refusal is explained to a client': [
    ['actions/grants/authorization_code.js', "'authorization code'", 'redirect_uri mismatch'],
    ['actions/grants/refresh_token.js', 'refresh token not found', 'refresh token already used', 'client mismatch'],
    ['helpers/grant_common.js', 'referenced account not found', 'accountId mismatch', 'does not match dpop_jkt'],
    ['helpers/grant_source.js', 'client mismatch', 'grant not found'],
    ['helpers/pkce.js', 'code_verifier does not match'],
    ['helpers/sender_constraints.js', 'client certificate not provided', 'DPoP proof JWT not provided'],
    ['shared/client_auth.js', 'mechanism does not match the registered client authentication method'],
    ['shared/jwt_client_auth.js', 'unique jti', 'must only be used once', 'iss (JWT issuer)', 'audience (aud)'],
  ],
  'pages that submit themselves are replaced': [
    [
      'response_modes/form_post.js',
      '<title>Submitting Callback</title>',
      '<form method="post" action="',
      '<input type="hidden" name="',
      'htmlSafe(action)',
      'htmlSafe(value)',
    ],
    ['helpers/html_safe.js', "'&amp;'", "'&lt;'", "'&gt;'", "'&quot;'", "'&#39;'"],
  ],
  'forms of the library carry the secret of the session': [
    ['shared/xsrf.js', 'ctx.oidc.session.state = { secret }', 'ctx.oidc.params.xsrf'],
    ['actions/code_verification.js', "new Set(['xsrf', 'user_code', 'confirm', 'abort'])"],
    ['actions/end_session.js', "new Set(['xsrf', 'logout'])", 'session.state.postLogoutRedirectUri ='],
  ],
  'a session is saved when it is touched, and never once it is destroyed': [
    ['shared/session.js', 'ctx.oidc.session.touched', '!ctx.oidc.session.destroyed'],
    ['models/session.js', 'this.authorizations[clientId]', 'authorization.grantId', 'static async findByUid(uid)'],
  ],
  'an interaction goes on by the cookie with its uid, in the session in which it began': [
    [
      'actions/authorization/resume.js',
      "cookieName('resume')",
      'Interaction.find(cookieId)',
      'cookieId !== interactionSession.uid',
      'originSession.uid !== session.uid',
      'ctx.oidc.trusted = trusted',
      'ctx.oidc.result = result',
    ],
    ['actions/authorization/interactions.js', "'Interaction'", 'returnTo'],
  ],
  'what a request is about is found under these names': [
    ['actions/authorization/claims.js', "entity('IdTokenHint'"],
    ['actions/authorization/pushed_authorization_requests.js', "entity('PushedAuthorizationRequest'"],
    ['actions/grants/ciba.js', "entity('BackchannelAuthenticationRequest'"],
    ['actions/grants/device_code.js', "entity('DeviceCode'"],
    [
      'actions/grants/refresh_token.js',
      "entity('RefreshToken'",
      "entity('RotatedRefreshToken'",
      "entity('Account'",
      'refreshToken.consumed',
    ],
    ['helpers/process_response_types.js', "entity('AuthorizationCode'"],
  ],
  'a token is looked up in the adapter by its value, and its session only where that is asked for': [
    ['helpers/token_find.js', 'provider.AccessToken.find(tokenValue)', 'provider.ClientCredentials.find(token)'],
    ['models/base_model.js', 'await this.adapter.find(value)'],
    ['models/token_helpers.js', 'options.ignoreSessionBinding === true'],
    ['shared/reject_structured_tokens.js', 'decodeProtectedHeader(params.token)'],
  ],
  'a decision at the backchannel is told to clients of the mode ping alone, whatever else there is': [
    ['provider.js', "client.backchannelTokenDeliveryMode === 'ping'"],
  ],
  'subjects are asked for wherever a client is a pairwise one': [
    ['helpers/claims.js', "this.client.subjectType === 'pairwise' && claims.sub"],
    ['actions/introspection.js', "client.subjectType === 'pairwise'"],
  ],
};

describe('the source of the library still contains', () => {
  for (const [name, files] of Object.entries(TEXTS)) {
    test(name, () => {
      const lost = files.flatMap(([file, ...texts]) => {
        const source = readFileSync(join(LIBRARY, 'lib', file), 'utf8');
        return texts.filter((text) => !source.includes(text)).map((text) => `${file}: ${text}`);
      });
      assert.deepEqual(lost, []);
    });
  }
});
