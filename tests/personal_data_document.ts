import { type PersonalValue, personalTables, personalValues, TECHNICAL } from '../server/operations/personal_data.ts';
import { DATA_KINDS, PURPOSES, REASONS, REMOVERS, type Retention } from '../server/platform/personal.ts';

/** The personal data that the database holds, as a Markdown document for operators and data-protection officers. */
export function personalDataDocument(): string {
  const values = Map.groupBy(personalValues(), ({ table }) => table);
  const tables = personalTables().map(
    ([table, { purpose, kept }]) => `## ${table}

For: ${PURPOSES[purpose].about}. Legal basis: ${PURPOSES[purpose].basis}. Stored ${keptAs(kept)}

| column | kind | in the export |
| --- | --- | --- |
${(values.get(table) ?? []).map(row).join('\n')}
`,
  );
  return `# Personal data

Written by \`make documents\` from the \`PERSONAL\` of each folder's \`tables.ts\`; a test compares it with the migrated database, so
that no column is missing; \`cardea privacy report\` shows the rules as they are in force. Names of
\`sealed\` columns are followed by the members of what is sealed. The legal bases are proposals: the operator decides.

${listOf('Kinds', DATA_KINDS)}

${listOf('Why something is not in the export', REASONS)}

${tables.join('\n')}
## Tables without personal data

${Object.keys(TECHNICAL)
  .sort()
  .map((table) => `\`${table}\``)
  .join(', ')}
`;
}

const listOf = (title: string, words: Readonly<Record<string, string>>) =>
  `${title}:\n\n${Object.entries(words)
    .map(([word, about]) => `- ${word}: ${about}`)
    .join('\n')}`;

function keptAs({ until, settings = [], removedBy }: Retention): string {
  const by = settings.length === 0 ? '' : ` (${settings.map((name) => `\`${name}\``).join(', ')})`;
  return `${until}${by}. Removed by: ${removedBy.map((one) => REMOVERS[one]).join('; ')}.`;
}

function row({ column, member, kind, exported, withheld }: PersonalValue): string {
  const name = member === undefined ? column : `${column}: ${member}`;
  return `| \`${name}\` | ${kind} | ${exported === undefined ? `no: ${withheld}` : `\`${exported}\``} |`;
}
