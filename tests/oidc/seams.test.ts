import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { copyLibrary, type Renaming } from './renamed_library.ts';

const LIBRARY = join(ROOT, 'node_modules', 'oidc-provider');

const lib = (file: string, from: string, to: string): Renaming => ({ file: `lib/${file}`, from, to });
const everywhere = (from: string): Renaming => ({ from, to: `renamed_${from}` });
/** A method with one parameter more. */
const wider = (file: string, from: string): Renaming => lib(file, from, from.replace('(', '(another, '));
const app = (from: string) => lib('helpers/initialize_app.js', from, from.replace("'", "'renamed_"));

/** For each seam, as `inspectSeams` names it, what a new version of the library may do to it. */
const RENAMED: Readonly<Record<string, Renaming>> = {
  version: { file: 'package.json', from: '"version": "', to: '"version": "1' },

  'Claims.prototype.result': lib('helpers/claims.js', 'async result()', 'async values()'),
  'Client.find': lib('models/client.js', 'static async find(id)', 'static async lookUp(id)'),
  'Client.prototype.backchannelLogout': everywhere('backchannelLogout'),
  'Client.prototype.backchannelPing': everywhere('backchannelPing'),
  'Client.prototype.compareClientSecret': everywhere('compareClientSecret'),
  'DeviceCode.findByUserCode': lib('models/device_code.js', 'async findByUserCode', 'async findByCode'),
  'IdToken.prototype.issue': lib('models/id_token.js', 'async issue(', 'async sign('),
  'IdToken.prototype.set': lib('models/id_token.js', 'set(key, value)', 'set(value, key)'),
  'IdToken.validate': wider('models/id_token.js', 'async validate(jwt'),

  'function applyAuthorizationDetails': everywhere('applyAuthorizationDetails'),
  'function assertPayload': lib('helpers/jwt.js', 'ignoreExpiration,', 'ignoreExpiry: ignoreExpiration,'),
  'function buildTokenResponse': lib(
    'helpers/grant_response.js',
    '  scope,\n  tokenType,\n} = {}',
    '  tokenType,\n} = {}',
  ),
  'function checkDpopReplay': wider('helpers/validate_dpop.js', 'function checkDpopReplay(provider'),
  'function checkDpopRequired': everywhere('checkDpopRequired'),
  'function checkMtlsCert': everywhere('checkMtlsCert'),
  'function filterClaims': lib('helpers/filter_claims.js', '(source, target, grant) =>', '(target, source, grant) =>'),
  'function findAccount': wider('helpers/grant_source.js', 'function findAccount(provider'),
  'function resolveAndApplyResource': wider(
    'helpers/grant_authorization.js',
    'function resolveAndApplyResource(provider',
  ),
  'function resolveRequestedResources': wider('helpers/grant_authorization.js', 'resolveRequestedResources(provider'),
  'function shouldIssueRefreshToken': everywhere('shouldIssueRefreshToken'),
  'function validateDpop': lib('helpers/grants.js', 'default as validateDpop', 'default as verifyDpop'),

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

/** A member of clients that is no longer called after the metadata of RFC 7591. */
function renamedMember(metadata: string): Renaming {
  return lib(
    'models/client.js',
    'return camelCase(key);',
    `return key === '${metadata}' ? 'renamed' : camelCase(key);`,
  );
}

/** Each copy of the library takes a while to load, so it has several renamings, of parts that stand far from one another. */
const COPIES = 8;
const copyOf = (row: number) => `copy ${row % COPIES}`;
copyLibrary(
  Object.groupBy(Object.values(RENAMED), (_renaming, row) => copyOf(row)) as Record<string, readonly Renaming[]>,
);

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

/** A provider of that copy of the library, and what checks it. */
async function load(copy: string) {
  const query = `?${new URLSearchParams({ copy })}`;
  const seams = (await import(`../../server/oidc/seams.ts${query}`)) as typeof import('../../server/oidc/seams.ts');
  const { Provider } = (await import(join(LIBRARY, `lib/index.js${query}`))) as typeof import('oidc-provider');
  return { seams, provider: new Provider('https://issuer.invalid', configuration as object) };
}

test('the library that is installed is the one that was tested', async () => {
  const { seams, provider } = await load('unchanged');
  seams.assertSeams(provider);
  assert.deepEqual(
    Object.keys(seams.inspectSeams(provider)).sort(),
    Object.keys(RENAMED).sort(),
    'each seam has a row in this test, and each row is a seam',
  );
});

describe('a provider is refused at start when the library has another', () => {
  for (const [row, [name, renaming]] of Object.entries(RENAMED).entries()) {
    test(name, async () => {
      const files = renaming.file === undefined ? globSync('lib/**/*.js', { cwd: LIBRARY }) : [renaming.file];
      const isThere = files.some((file) => readFileSync(join(LIBRARY, file), 'utf8').includes(renaming.from));
      assert.ok(isThere, `the library has no ${renaming.from}: see what became of it`);
      const { seams, provider } = await load(copyOf(row));
      assert.notEqual(seams.inspectSeams(provider)[name], undefined);
      assert.throws(() => seams.assertSeams(provider), { code: 'untested_library' });
    });
  }
});
