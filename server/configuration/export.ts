import { stringify } from 'yaml';
import type { Services } from '../operations/services.ts';
import { KINDS } from './kinds.ts';

/**
 * Everything that a configuration file can declare, as it is now. Secrets are not in it: they are stored as hashes alone.
 * @param schemaUrl for editors
 * @param which `managed`: what the file manages already; `all`: also what it does not
 * @returns YAML
 */
export async function exportFile(
  services: Services,
  { schemaUrl, which }: { readonly schemaUrl: string; readonly which: 'managed' | 'all' },
): Promise<string> {
  const kinds = await Promise.all(
    KINDS.map(async (kind) => {
      const found = [...(await kind.read(services))].filter(
        ([, { managedBy, ended }]) => !ended && (which === 'all' || managedBy === 'file'),
      );
      const entries = found.map(([key, { members }]) => [key, kind.entryOf(key, members)]);
      return [kind.name, Object.fromEntries(entries)] as const;
    }),
  );
  const declared = kinds.filter(([, entries]) => Object.keys(entries).length > 0);
  // The comment is for editors that look for it instead of the member.
  return `# yaml-language-server: $schema=${schemaUrl}\n${stringify({ $schema: schemaUrl, ...Object.fromEntries(declared) })}`;
}
