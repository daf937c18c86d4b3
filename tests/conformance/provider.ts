import { createDb } from '../../server/platform/db.ts';
import { runCli } from '../cli/run_cli.ts';
import { openAccount, press } from '../helpers/account.ts';
import { type BrowserSession, browserSession } from '../helpers/browser_session.ts';
import { type Identity, writeFiles } from '../helpers/certificates.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { startNode } from '../helpers/processes.ts';
import type { Scope } from '../helpers/scope.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** A person of the suite's configuration. */
export interface Visitor {
  readonly email: string;
  readonly password: string;
}

/** Cardea in a process of its own, for the plans of one profile. */
export interface Provider {
  readonly issuer: string;
  /** Its log so far. */
  readonly lines: readonly string[];
  /** @returns what the plan's file prints: the suite's configuration */
  seed(
    plan: string,
    options: Readonly<Record<'suite' | 'inbound' | 'alias', string>>,
  ): Promise<Record<string, unknown>>;
  /** Replaces the signing keys, and returns when the new ones are published. */
  rotateKeys(): Promise<void>;
  /** Decides about the newest request that waits for a person (CIBA), at the account page. */
  decide(person: Visitor, verdict: 'approve' | 'deny'): Promise<void>;
  /** Denies all requests that still wait, and drops notifications that were not accepted, so that the next module gets none. */
  clear(person: Visitor): Promise<void>;
  stop(): Promise<void>;
}

export interface ProviderOptions {
  readonly profile: string;
  /** The certificate that it serves with. */
  readonly serving: Identity;
  /** The authority of the clients' certificates. */
  readonly authority: Identity;
  /** PEM certificates that it trusts besides the well-known ones. */
  readonly trusted: string;
  /** The address of the suite, which it may reach. */
  readonly outbound: string;
}

export async function startProvider(scope: Scope, options: ProviderOptions): Promise<Provider> {
  const { serving, authority, trusted, profile, outbound } = options;
  const files = writeFiles(scope, { cert: serving.pem, key: serving.keyPem, authority: authority.pem, trusted });
  const port = await freePort();
  const url = await databaseUrl(scope);
  const issuer = `https://localhost:${port}`;
  const masterKey = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64');
  const env = {
    CARDEA_PROFILE: profile,
    CARDEA_ISSUER: issuer,
    CARDEA_DATABASE_URL: url,
    CARDEA_MASTER_KEY: masterKey,
    CARDEA_REGISTRATION: 'open',
    CARDEA_OUTBOUND_ALLOW: `127.0.0.1,::1,${outbound}`,
    CARDEA_TLS_CERT: files.cert,
    CARDEA_TLS_KEY: files.key,
    CARDEA_TLS_CLIENT_CA: files.authority,
    NODE_EXTRA_CA_CERTS: files.trusted,
  };
  const node = await startNode(scope, { port, databaseUrl: env.CARDEA_DATABASE_URL, env });
  let browser: BrowserSession | undefined;

  async function cardea(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runCli(args, { env });
    if (code !== 0) throw new Error(`cardea ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** The requests page, in a browser that stays signed in. */
  async function requests(person: Visitor) {
    browser ??= browserSession(issuer);
    return openAccount({ issuer }, { id: '', ...person }, '/account/requests', browser);
  }

  const kids = async () => {
    const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };

  return {
    issuer,
    lines: node.lines,
    async seed(plan, options) {
      const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      return JSON.parse(await cardea('conformance', 'seed', plan, ...given)) as Record<string, unknown>;
    },
    async rotateKeys() {
      const before = await kids();
      await cardea('keys', 'rotate', '--now');
      await until('new keys are published', async () => (await kids()).some((kid) => !before.includes(kid)));
    },
    async decide(person, verdict) {
      const { browser: at, page } = await requests(person);
      const waiting = page.body.match(/id="approve-\d+"/g)?.length ?? 0;
      if (waiting === 0) throw new Error('no request waits for a decision');
      await press(at, page, `${verdict}-${waiting - 1}`);
    },
    async clear(person) {
      for (;;) {
        const { browser: at, page } = await requests(person);
        if (!page.body.includes('id="deny-0"')) break;
        await press(at, page, 'deny-0');
      }
      // They are tried again later, and the suite has one address for all modules.
      const db = createDb({ url });
      await db.run({ name: '', text: 'DELETE FROM deliveries WHERE attempts > 0' }, []);
      await db.close();
    },
    stop: node.stop,
  };
}
