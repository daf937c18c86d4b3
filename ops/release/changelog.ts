const UNRELEASED = '## Unreleased\n';

/** @returns what the changelog says of a version, or under “Unreleased” */
export function notesOf(changelog: string, version: string | undefined): string {
  const begin = version === undefined ? UNRELEASED : `## ${version} `;
  const at = changelog.indexOf(`\n${begin}`);
  if (at === -1) return '';
  const [, ...lines] = changelog.slice(at + 1).split('\n');
  const end = lines.findIndex((line) => line.startsWith('## '));
  return lines
    .slice(0, end === -1 ? undefined : end)
    .join('\n')
    .trim();
}

/** @returns the changelog whose unreleased part is that of the version; a new, empty one is above it */
export function released(changelog: string, version: string, date: string): string {
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n## ${version} – ${date}\n`);
}
