/**
 * Visits a deployment that ops/docs/deployment.md has made; `run_page.ts` runs it.
 * node tests/deployment/visit.ts sign-in|load ISSUER FOLDER
 * `load` sends requests until SIGTERM, and exits with 1 when one has failed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Party, Person } from '../helpers/deployment.ts';
import { authorize, redeem, refresh, token } from '../helpers/relying_party.ts';
import { PAGE_VALUES } from './steps.ts';

type Credentials = Pick<Party, 'id' | 'secret' | 'redirectUri'>;
const EVERY_MS = 50;

async function main([what, issuer = '', folder = '']: readonly string[]): Promise<number> {
  const read = (file: string) => readFileSync(join(folder, file), 'utf8').trim();
  const clientOf = (file: string): Party => {
    const { client_id: id, client_secret: secret } = JSON.parse(read(file)) as Record<string, string>;
    const party: Credentials = { id: id ?? '', secret, redirectUri: 'https://notes.example.com/callback' };
    return party as Party;
  };
  if (what === 'load') return load(issuer, clientOf('operators.json'));
  const party = clientOf('notes.json');
  const person: Person = { id: '', email: PAGE_VALUES.ADMIN, password: read('admin.password') };
  const granted = await authorize({
    issuer,
    party,
    person,
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  const { status, body } = await redeem(issuer, party, granted);
  if (status !== 200) throw new Error(`/token: ${status} ${body.error}`);
  const refreshed = await refresh(issuer, party, body.refresh_token ?? '');
  if (refreshed.status !== 200) throw new Error(`refresh: ${refreshed.status} ${refreshed.body.error}`);
  console.log('signed in, redeemed the code and refreshed the tokens');
  return 0;
}

/** What is read and what is written, one after the other: each must succeed, whichever node is being restarted. */
async function load(issuer: string, party: Party): Promise<number> {
  let going = true;
  process.once('SIGTERM', () => {
    going = false;
  });
  const failures: string[] = [];
  let sent = 0;
  while (going) {
    const fields = { grant_type: 'client_credentials', scope: 'cardea:clients:read' };
    for (const ask of [
      async () => (await fetch(`${issuer}/.well-known/jwks.json`)).status,
      async () => (await token(issuer, party, fields)).status,
    ]) {
      sent += 1;
      const answer = await ask().catch((error: unknown) => String(error));
      if (answer !== 200) failures.push(`${new Date().toISOString()} ${answer}`);
    }
    await new Promise((wake) => setTimeout(wake, EVERY_MS));
  }
  console.log(
    `${sent} requests during an upgrade and a rollback, ${failures.length} failed ${failures.slice(0, 5).join(', ')}`,
  );
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
