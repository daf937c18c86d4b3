import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from '../helpers/artifacts.ts';

/** What a run needs to know of a plan; `cardea conformance seed` reads the rest. */
export interface PlanFile {
  readonly name: string;
  /** The suite's name for it. */
  readonly plan: string;
  readonly variant: Readonly<Record<string, string>>;
  readonly profile: string;
  readonly clients: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const FOLDER = join(ROOT, 'tests/conformance/plans');

export function readPlans(): PlanFile[] {
  return globSync('*.json', { cwd: FOLDER })
    .sort()
    .map((file) => ({ ...JSON.parse(readFileSync(join(FOLDER, file), 'utf8')), name: basename(file, '.json') }));
}

/**
 * @param wanted names separated by commas, or `all`
 * @returns the plans by profile
 * @throws for a name that no plan has
 */
export function choosePlans(wanted: string, plans: readonly PlanFile[]): Map<string, PlanFile[]> {
  const names = wanted === 'all' ? plans.map(({ name }) => name) : wanted.split(',');
  const chosen = names.map((name) => {
    const found = plans.find((plan) => plan.name === name);
    if (!found) throw new Error(`no plan ${name}; one of ${plans.map((plan) => plan.name).join(', ')}, or all`);
    return found;
  });
  return Map.groupBy(chosen, ({ profile }) => profile);
}

/** True when the plan's clients authenticate with certificates, or bind tokens to them (RFC 8705). */
export function needsCertificates({ clients }: Pick<PlanFile, 'clients'>): boolean {
  return Object.values(clients).some(
    (client) =>
      client.token_endpoint_auth_method === 'tls_client_auth' ||
      client.tls_client_certificate_bound_access_tokens === true,
  );
}
