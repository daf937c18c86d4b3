import { adminDocument } from '../../server/admin/description.ts';
import { oauthDocument } from '../../server/oidc/openapi/document.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import type { OpenApi } from '../../server/platform/openapi.ts';
import { breakingChanges } from './breaking.ts';

/** Where the descriptions are in the repository, and those of the last release. */
export const FOLDER = 'ops/openapi';
export const RELEASED = `${FOLDER}/released`;

/** The descriptions by their names, as a server at this address with everything switched on has them. */
export async function descriptions(version: string): Promise<Record<string, OpenApi>> {
  const issuer = readIssuer('https://id.example.com');
  return {
    oauth: oauthDocument({ issuer: issuer.identifier, version }),
    'admin-v1': await adminDocument({ issuer, version }),
  };
}

export const printed = (document: OpenApi): string => `${JSON.stringify(document, null, 2)}\n`;

/**
 * What is wrong with the files of the repository: out of date, or not what programs of the last release were written for.
 * @param files what the files must contain, by their paths
 * @param read @returns undefined for a file that does not exist
 */
export function problemsOf(
  made: Readonly<Record<string, OpenApi>>,
  files: Readonly<Record<string, string>>,
  read: (path: string) => string | undefined,
): string[] {
  const stale = Object.entries(files).flatMap(([path, text]) =>
    read(path) === text ? [] : [`${path} is out of date: run make documents`],
  );
  const broken = Object.entries(made).flatMap(([name, document]) => {
    const released = read(`${RELEASED}/${name}.json`);
    if (released === undefined) return [];
    return breakingChanges(JSON.parse(released) as OpenApi, document).map((line) => `${name}: ${line}`);
  });
  return [...stale, ...broken];
}
