import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Static } from 'typebox';
import { checkWebUri } from '../clients/uris.ts';
import type { ClientPatch, NewClient } from '../operations/client_document.ts';
import { clients } from '../operations/clients.ts';
import { userCredentials } from '../operations/user_credentials.ts';
import { users } from '../operations/users.ts';
import { AppError } from '../platform/errors.ts';
import { loadServerSecret } from '../platform/server_secrets.ts';
import { type Context, UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

/** One file for each plan, with its clients and the configuration of the suite. */
const PLANS = new URL('../../tests/conformance/plans/', import.meta.url);
const BROWSER = new URL('../../tests/conformance/browser.json', import.meta.url);

type Metadata = Omit<Static<typeof NewClient>, 'client_id' | 'client_name' | 'demo'>;

interface Plan {
  /** The suite's name for the plan. */
  readonly plan: string;
  readonly variant: Readonly<Record<string, string>>;
  /** The least strict `CARDEA_PROFILE` under which it can pass. */
  readonly profile: string;
  /** Clients by the member of the suite's configuration that they are written to. */
  readonly clients: Readonly<Record<string, Metadata>>;
  /** The JWS algorithm of the clients' key pairs; the suite gets the private keys. */
  readonly keys?: 'PS256' | 'ES256';
  /** Further members of the suite's configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** The actions of the suite's browser on Cardea's pages. */
interface Automation {
  /** In the suite's notation. */
  readonly scripts: Readonly<Record<string, readonly object[]>>;
  /** The names of the scripts of all modules. */
  readonly all: readonly string[];
  /** The names of the scripts of modules that do something else. */
  readonly modules: Readonly<Record<string, readonly string[]>>;
}

interface SeedOptions {
  suite: string;
  inbound?: string;
  alias: string;
  out?: string;
}

/** The suite's URL in its documentation. */
const SUITE = 'https://localhost.emobix.co.uk:8443';
const PERSON = { email: 'conformance@example.com', username: 'conformance' } as const;

export function conformanceCommand(noun: Command, { verb, printItems, printText, note }: CommandTools): void {
  noun
    .command('list')
    .description('list the plans of the OpenID conformance suite that Cardea can be prepared for')
    .option(...JSON_OPTION)
    .action((options: PrintOptions) => {
      const items = names().map((name) => ({ name, ...summary(readPlan(name)) }));
      printItems(items, ['name', 'plan', 'profile', 'variant'], 'There are no plans.', options);
    });

  noun
    .command('seed')
    .description("create the clients and the user of a plan, and print the suite's configuration for it (JSON)")
    .argument('<plan>', 'a name from "cardea conformance list"')
    .option('--suite <url>', 'the URL of the suite, as the browser reaches it', SUITE)
    .option('--inbound <url>', 'the URL at which Cardea reaches the suite, if that is another, such as a TLS proxy')
    .option('--alias <name>', "the alias in the suite's redirect URIs", 'cardea')
    .option('--out <file>', 'write the configuration, which contains secrets, to this file instead of printing it')
    .action(
      verb<SeedOptions>(async (context, options, name = '') => {
        if (context.config.production) {
          throw new AppError('development_only', 'conformance data is for development: this issuer is in production');
        }
        const plan = readPlan(name);
        const configuration = await seed(context, name, plan, endpointsOf(options));
        const json = `${JSON.stringify(configuration, null, 2)}\n`;
        if (options.out === undefined) printText(json);
        else writeFileSync(options.out, json, { mode: 0o600 });
        note(`Run Cardea with CARDEA_PROFILE=${plan.profile}, then the plan ${plan.plan} with ${variantOf(plan)}.`);
      }),
    );
}

/** The suite's own endpoints for an alias. */
function endpointsOf({ suite, inbound = suite, alias }: SeedOptions): Readonly<Record<string, string>> {
  const path = `/test/a/${alias}`;
  if (!/^[A-Za-z0-9-]{1,50}$/.test(alias)) throw new UsageError(`--alias ${alias}: must be letters, digits and -`);
  const at = (field: string, url: string) => new URL(checkWebUri(field, url)).origin + path;
  return { alias, test: at('suite', suite), inbound: at('inbound', inbound) };
}

async function seed(
  context: Context,
  name: string,
  plan: Plan,
  endpoints: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const { config, operate } = context;
  const values: Record<string, string> = {
    ...endpoints,
    issuer: config.issuer.identifier,
    email: PERSON.email,
    password: await seedPerson(context),
  };
  const described: Record<string, object> = {};
  for (const [member, metadata] of Object.entries(plan.clients)) {
    const id = `conformance-${name}-${member.replaceAll('_', '-')}`;
    const filled = fill(metadata, values) as Metadata;
    const pair = plan.keys && (await keyPair(plan.keys));
    const secret = await seedClient(operate, id, pair ? { ...filled, jwks: { keys: [pair.public] } } : filled);
    described[member] = {
      client_id: id,
      scope: filled.scope,
      ...(secret === undefined ? {} : { client_secret: secret }),
      ...(pair ? { jwks: { keys: [pair.private] } } : {}),
    };
  }
  const automation = fill(JSON.parse(readFileSync(BROWSER, 'utf8')), values) as Automation;
  const browser = (names: readonly string[]) => names.flatMap((one) => automation.scripts[one] ?? []);
  const ofModules = Object.entries(automation.modules).map(([one, names]) => [one, { browser: browser(names) }]);
  return {
    description: `Cardea: ${name}`,
    alias: values.alias,
    server: { discoveryUrl: `${values.issuer}/.well-known/openid-configuration`, login_hint: PERSON.email },
    ...merged(described, fill(plan.configuration ?? {}, values) as Members),
    browser: browser(automation.all),
    override: Object.fromEntries(ofModules),
    person: { email: PERSON.email, password: values.password },
    options: { browsercontrol_css_enable: false },
  };
}

type Members = Readonly<Record<string, object>>;

/** Merges member by member, so that a plan can add to the members of a client. */
function merged(described: Members, added: Members): Members {
  const names = [...Object.keys(described), ...Object.keys(added)];
  return Object.fromEntries(names.map((name) => [name, { ...described[name], ...added[name] }]));
}

/** Of the password. It stays the same, so that the configurations of earlier plans stay valid, unless somebody changes it. */
const PASSWORD_SECRET = 'conformance-person';

/** The account has every claim, because modules of the suite request each. @returns its password */
async function seedPerson(context: Context): Promise<string> {
  const secret = await loadServerSecret(context.db, context.sealer, PASSWORD_SECRET, context.now);
  const made = (from: Buffer) => `${from.toString('base64url')}-Aa1`;
  const password = made(secret);
  const { accounts } = await context.services.accountStores();
  const { passwords } = await context.services.passwords();
  const existing = await accounts.findByIdentifier(PERSON.email);
  if (existing) {
    if (await passwords.verify(existing.passwordHash, password)) return password;
    const other = made(randomBytes(secret.length)); // an old password cannot be set again
    await context.operate(userCredentials.setPassword, {
      params: { id: existing.id },
      body: { password: other, password_temporary: false },
    });
    return other;
  }
  await context.operate(users.create, {
    body: {
      ...PERSON,
      email_verified: true,
      name: 'Portia Limen',
      given_name: 'Portia',
      middle_name: 'Cardinis',
      family_name: 'Limen',
      nickname: 'Portia',
      profile: 'https://example.com/portia',
      picture: 'https://example.com/portia.png',
      website: 'https://example.com/',
      gender: 'female',
      birthdate: '1990-06-01',
      zoneinfo: 'Europe/Rome',
      locale: 'en',
      phone_number: '+39 06 0000 0000',
      phone_number_verified: true,
      address: { street_address: 'Via della Soglia 1', locality: 'Roma', postal_code: '00100', country: 'IT' },
      password,
      password_temporary: false,
    },
  });
  return password;
}

/** @returns its secret, if it has one: a new one each time, because the old one is stored as a hash */
async function seedClient(operate: Context['operate'], id: string, metadata: Metadata): Promise<string | undefined> {
  const params = { client_id: id };
  const { items } = await operate(clients.list, { query: { filter: `client_id eq "${id}"` } });
  if (items.length === 0) {
    const body = { client_id: id, client_name: id, demo: true, ...metadata };
    return (await operate(clients.create, { body })).client_secret;
  }
  const { client_secret: made } = await operate(clients.update, {
    params,
    body: metadata as Static<typeof ClientPatch>,
  });
  const hasSecret = (metadata.token_endpoint_auth_method ?? 'client_secret_basic').startsWith('client_secret_');
  if (made !== undefined || !hasSecret) return made;
  return (await operate(clients.rotateSecret, { params, body: {} })).client_secret;
}

async function keyPair(alg: string): Promise<{ public: JWK; private: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const [open, secret] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)]);
  const common = { alg, use: 'sig', kid: await calculateJwkThumbprint(open) };
  return { public: { ...open, ...common }, private: { ...secret, ...common } };
}

// ---- plans ----

/** @throws AppError 409 where the plans are not installed, as in a container image */
function names(): string[] {
  if (!existsSync(PLANS)) throw new AppError('no_plans', 'the plans are in tests/conformance of a checkout');
  return readdirSync(PLANS)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** @throws UsageError for a name that no plan has */
function readPlan(name: string): Plan {
  const all = names();
  if (!all.includes(name)) throw new UsageError(`there is no plan ${JSON.stringify(name)}; one of ${all.join(', ')}`);
  return JSON.parse(readFileSync(new URL(`${name}.json`, PLANS), 'utf8')) as Plan;
}

function summary(plan: Plan): Item {
  return { plan: plan.plan, profile: plan.profile, variant: variantOf(plan) };
}

/** In the notation of the suite's scripts. */
function variantOf({ variant }: Plan): string {
  return Object.entries(variant)
    .map(([name, value]) => `[${name}=${value}]`)
    .join('');
}

/** Puts values in place of `{name}` in every text, however deep. */
function fill(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return value.replaceAll(/\{([a-z]+)\}/g, (all, name) => values[name] ?? all);
  if (Array.isArray(value)) return value.map((one) => fill(one, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one, values)]));
}
