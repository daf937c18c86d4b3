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

type Documents = Readonly<Record<string, OpenApi>>;
/** @returns undefined for a file that does not exist */
type Read = (path: string) => string | undefined;

/**
 * What is wrong with the files of the repository: out of date, not what programs of the last release were written for, or without
 * the descriptions of the last release.
 * @param files what the files must contain, by their paths
 */
export function problemsOf(made: Documents, files: Readonly<Record<string, string>>, read: Read): string[] {
  const stale = Object.entries(files).flatMap(([path, text]) =>
    read(path) === text ? [] : [`${path} is out of date: run make documents`],
  );
  return [...stale, ...brokenBy(made, read), ...unreleased(made, read)];
}

/** What breaks programs that were written for the last release. */
export function brokenBy(made: Documents, read: Read): string[] {
  return Object.entries(made).flatMap(([name, document]) => {
    const released = releasedOf(name, read);
    return released ? breakingChanges(released, document).map((line) => `${name}: ${line}`) : [];
  });
}

/** Without the descriptions of the last release, changes would be compared with an older one, or with none. */
function unreleased(made: Documents, read: Read): string[] {
  const version = NEWEST_VERSION.exec(read('CHANGELOG.md') ?? '')?.[1];
  if (version === undefined) return [];
  return Object.keys(made).flatMap((name) =>
    releasedOf(name, read)?.info.version === version
      ? []
      : [
          `${RELEASED}/${name}.json is not that of version ${version} in CHANGELOG.md: set it in package.json, run make release`,
        ],
  );
}

/** As in “## [1.0.0] - 2026-01-31” (https://keepachangelog.com/en/1.1.0/). */
const NEWEST_VERSION = /^## \[?v?(\d[^\s\]]*)/m;

function releasedOf(name: string, read: Read): OpenApi | undefined {
  const text = read(`${RELEASED}/${name}.json`);
  return text === undefined ? undefined : (JSON.parse(text) as OpenApi);
}
