import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errors } from 'oidc-provider';
import { type Node, parseSync, Visitor } from 'oxc-parser';
import { PKCE_MISSING } from '../../server/oidc/profiles.ts';
import { FAILURES } from '../../server/oidc/steps/client_authentication.ts';
import { REMEDIES } from '../../server/oidc/steps/refusals.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** A text of the source, and where it is. */
export interface Emitted {
  /** With `…` for each value. */
  readonly text: string;
  readonly file: string;
}

/**
 * Where the texts of an expression are that is no text itself, by `file: expression`: functions and constants, each with its file. None
 * for what only passes a text on that is found where it is written.
 */
const INDIRECT: Readonly<
  Record<string, { readonly from: readonly (readonly [string, string])[]; readonly prefix?: string }>
> = {
  "server/oidc/api_access.ts: problem ?? ''": { from: [['server/oidc/api_access.ts', 'clientProblem']] },
  'server/oidc/api_access.ts: scheme': { from: [] },
  'server/oidc/api_credentials.ts: description': { from: [] },
  'server/oidc/authorization_details.ts: description': { from: [] },
  'server/oidc/client_assertions.ts: description': { from: [['server/oidc/client_assertions.ts', 'description']] },
  'server/oidc/client_lookup.ts: source.refusal': {
    from: [['server/clients/profiles.ts', 'profileViolation']],
    prefix: '… ',
  },
  'server/oidc/parameter_limits.ts: description': { from: [] },
  'server/oidc/profiles.ts: PKCE_MISSING[needed]': { from: [['server/oidc/profiles.ts', 'PKCE_MISSING']] },
  'server/oidc/profiles.ts: notAllowed(client)': { from: [['server/oidc/profiles.ts', 'notAllowed']] },
  'server/oidc/profiles.ts: violation': { from: [['server/oidc/jwt_times.ts', 'timesViolation']] },
  'server/oidc/prompts.ts: description': { from: [] },
  "server/oidc/requested_resources.ts: describe(scopes.slice(0, NAMED_MAX).join(' '))": { from: [] },
  'server/oidc/steps/refresh_loops.ts: REMEDY': { from: [['server/oidc/steps/refresh_loops.ts', 'REMEDY']] },
  'server/jobs/queue_worker.ts: message': {
    from: [
      ['server/jobs/mail.ts', 'OUTCOME_LOG'],
      ['server/jobs/deliveries.ts', 'OUTCOME_LOG'],
    ],
  },
  // Texts of checks, of errors that were stored, and of the library's own clients, which Cardea reads by itself.
  'node_modules/oidc-provider/lib/actions/authorization/interactions.js: failedCheck.error_description': { from: [] },
  'node_modules/oidc-provider/lib/actions/authorization/resume.js: result.error_description': { from: [] },
  'node_modules/oidc-provider/lib/actions/authorization/response_parameters.js: msg': { from: [] },
  "node_modules/oidc-provider/lib/actions/authorization/response_parameters.js: detail.replace('redirect_uris', 'redirect_uri')":
    { from: [] },
  'node_modules/oidc-provider/lib/helpers/grant_common.js: entity.errorDescription': { from: [] },
  'server/registration/software_statements.ts: cause': { from: [] },
};

/** What takes an `error_description` besides the classes of errors, and in which argument when none of them is a sentence. */
const DESCRIBED_BY: Readonly<Record<string, number>> = {
  CustomOIDCProviderError: 1,
  refusal: 0,
  malformed: 0,
  refuse: 0,
  refused: 1,
  invalidScope: 1,
  invalid: 0,
  proof: 1,
  Check: 1,
  check: 1,
};
/** They take a detail for the log; clients get one of `REMEDIES`, or the description of the class. */
const DETAILED = new Set(['InvalidGrant', 'InvalidClientAuth', 'InvalidToken', 'InvalidRedirectUri']);
const CLASS =
  /^(AccessDenied|ExpiredToken|InsufficientScope|Invalid\w+|SessionNotFound|Unauthorized\w+|Unknown\w+|Unsupported\w+|UseDpopNonce)$/;

/** Files whose errors no client gets: of the library where Cardea has its own code or the feature is off, and checks at the start. */
const UNUSED =
  /oidc\/(seams\.ts|openapi\/)|actions\/(credential|registration|interaction)\.js|grants\/pre_authorized|initialize_clients|client_id_metadata_document|helpers\/(configuration|defaults|sector_\w+|client_schema)\.js|shared\/(xsrf|attest_client_auth)\.js|provider\.js/;
const LIBRARY = 'node_modules/oidc-provider/lib';

/**
 * Each `error_description` of the OAuth endpoints that is written in the code, of Cardea and of the library, and those of `REMEDIES`.
 * @throws for an expression that is not in `INDIRECT`
 */
export function emittedDescriptions(): Emitted[] {
  const own = textsOf('server/{oidc,registration}/**/*.ts', (name, isNew) => {
    if (isNew && DETAILED.has(name)) return undefined;
    return DESCRIBED_BY[name] ?? (isNew && CLASS.test(name) ? 0 : undefined);
  });
  const library = textsOf(`${LIBRARY}/**/*.js`, (name, isNew) => {
    if (!isNew || DETAILED.has(name)) return undefined;
    if (name === 'CustomOIDCProviderError' || name === 'Check') return 1;
    return CLASS.test(name) ? 0 : undefined;
  });
  const written = filesOf('server/oidc/**/*.ts').flatMap((file) => {
    const { source, found } = open(file);
    new Visitor({
      Property({ key, value }) {
        if (key.type !== 'Identifier' || key.name !== 'error_description') return;
        const isKnown = isSentence(value) || Object.hasOwn(INDIRECT, `${file}: ${codeOf(source, value)}`);
        if (isKnown) found.push(...readText(value, { file, source }));
      },
    }).visit(parseSync(file, source).program);
    return found;
  });
  const named = [...REMEDIES.map(({ description }) => description), ...Object.values({ ...FAILURES, ...PKCE_MISSING })];
  return [...own, ...library, ...written, ...[...named, ...defaultTexts()].map((text) => ({ text, file: 'a table' }))];
}

/** Errors of features that are off. */
const OFF = /Credential|Proof$|Nonce$/;

/** What an error of the library says when it is thrown without a text. */
function defaultTexts(): string[] {
  return Object.entries(errors).flatMap(([name, Class]) => {
    if (OFF.test(name) || name === 'OIDCProviderError' || name === 'CustomOIDCProviderError') return [];
    try {
      const { error_description: text } = new (Class as new () => { error_description?: unknown })();
      return typeof text === 'string' ? [text] : [];
    } catch {
      return []; // it cannot be thrown without a text
    }
  });
}

const LEVELS = new Set(['debug', 'info', 'warn', 'error', 'fatal']);

/**
 * Each message (`msg`) of the log.
 * @throws for an expression that is not in `INDIRECT`
 */
export function emittedLogLines(): Emitted[] {
  return filesOf('{server,keys}/**/*.ts').flatMap((file) => {
    const { source, found } = open(file);
    visit(source, file, (callee, args) => {
      if (callee.type !== 'MemberExpression' || !/(^|\.)log$/.test(codeOf(source, callee.object))) return;
      // A level may be computed, as in log[isDown ? 'debug' : 'warn'](…).
      const isLevel = callee.computed || (callee.property.type === 'Identifier' && LEVELS.has(callee.property.name));
      const last = args.at(-1);
      if (isLevel && last) found.push(...readText(last, { file, source }));
    });
    return found;
  });
}

function textsOf(pattern: string, argumentOf: (name: string, isNew: boolean) => number | undefined): Emitted[] {
  return filesOf(pattern).flatMap((file) => {
    const { source, found } = open(file);
    visit(source, file, (callee, args, isNew) => {
      const named = callee.type === 'MemberExpression' ? callee.property : callee;
      const at = named.type === 'Identifier' ? argumentOf(named.name, isNew) : undefined;
      const argument = at === undefined ? undefined : (args.find(isSentence) ?? args[at]);
      if (!argument) return;
      const texts = readText(argument, { file, source });
      // The parameter is put before the text.
      found.push(...(named.type === 'Identifier' && named.name === 'refused' ? texts.map(afterParameter) : texts));
    });
    return found;
  });
}

const afterParameter = ({ text, file }: Emitted): Emitted => ({ text: `…: ${text}`, file });

const WORDS = /\w \w/;

/** True for a text of several words. */
const isSentence = (node: Node) =>
  node.type === 'TemplateLiteral' ||
  (node.type === 'Literal' && typeof node.value === 'string' && WORDS.test(node.value));

const filesOf = (pattern: string) =>
  globSync(pattern, { cwd: ROOT })
    .filter((file) => !UNUSED.test(file))
    .toSorted();
const open = (file: string) => ({ source: readFileSync(join(ROOT, file), 'utf8'), found: [] as Emitted[] });

function visit(
  source: string,
  file: string,
  look: (callee: Node, args: readonly Node[], isNew: boolean) => void,
): void {
  new Visitor({
    CallExpression: ({ callee, arguments: args }) => look(callee, args, false),
    NewExpression: ({ callee, arguments: args }) => look(callee, args, true),
  }).visit(parseSync(file, source).program);
}

interface Place {
  readonly file: string;
  readonly source: string;
}

function readText(node: Node, place: Place): Emitted[] {
  const { file, source } = place;
  if (node.type === 'ConditionalExpression') {
    return [...readText(node.consequent, place), ...readText(node.alternate, place)];
  }
  if (node.type === 'ArrowFunctionExpression') return readText(node.body, place);
  if (node.type === 'Literal') return typeof node.value === 'string' ? [{ text: node.value, file }] : [];
  if (node.type === 'TemplateLiteral') return [{ text: joined(node), file }];
  const expression = `${file}: ${codeOf(source, node).replaceAll(/\s+/g, ' ')}`;
  const texts = INDIRECT[expression];
  if (texts === undefined) throw new Error(`which texts has this? ${expression}`);
  return texts.from.flatMap(([from, name]) =>
    sentencesOf(from, name).map((text) => ({ text: (texts.prefix ?? '') + text, file: from })),
  );
}

/** All texts of several words in a function or a constant. @throws when it has none */
function sentencesOf(file: string, name: string): string[] {
  const { program } = parseSync(file, open(file).source);
  const ranges: { start: number; end: number }[] = [];
  const found: string[] = [];
  const isInside = ({ start }: Node) => ranges.some((range) => range.start <= start && start < range.end);
  new Visitor({
    FunctionDeclaration: (node) => void (node.id?.name === name && ranges.push(node)),
    VariableDeclarator: (node) => void (node.id.type === 'Identifier' && node.id.name === name && ranges.push(node)),
  }).visit(program);
  new Visitor({
    Literal: (one) => void (isInside(one) && isSentence(one) && found.push(String(one.value))),
    TemplateLiteral: (one) => void (isInside(one) && WORDS.test(joined(one)) && found.push(joined(one))),
  }).visit(program);
  if (found.length === 0) throw new Error(`${file} has no texts of ${name}`);
  return found;
}

/** The text of a template, with `…` for each value. */
const joined = ({ quasis }: { quasis: readonly { value: { cooked: string | null } }[] }) =>
  quasis.map(({ value }) => value.cooked).join('…');

const codeOf = (source: string, { start, end }: Node) => source.slice(start, end);
