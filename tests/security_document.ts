import { replaced } from './admin_api_document.ts';
import { ASVS_LEVELS } from './standards/ids.ts';
import type { Proofs, Requirement, Verdict } from './standards/requirement.ts';
import { ASVS, RFC9700 } from './standards/standards.ts';
import { THREATS } from './standards/threats.ts';

/** Puts the threats and the count of met requirements into ops/docs/security.md. */
export function withThreats(document: string): string {
  const threats = THREATS.map(
    ({ actor, threat, stoppedBy, tests = {} }) => `| ${actor} | ${threat} | ${stoppedBy} | ${linksTo(tests)} |`,
  );
  const verdicts = (Object.keys(MEANINGS) as Verdict[]).map(
    (verdict) => `| ${verdict} | ${countOf(ASVS, verdict)} | ${countOf(RFC9700, verdict)} | ${MEANINGS[verdict]} |`,
  );
  const total = `| | ${ASVS.length} | ${RFC9700.length} | |`;
  return [
    ['threats', '| who | what they try | what stops it | shown by |', '| --- | --- | --- | --- |', threats] as const,
    ['verdicts', '| | ASVS | RFC 9700 | |', '| --- | --: | --: | --- |', [...verdicts, total]] as const,
  ].reduce((text, [name, head, line, rows]) => replaced(text, name, [head, line, ...rows]), document);
}

/** ops/docs/security-asvs.md: OWASP ASVS 5.0.0, chapters V6 to V10, row by row. */
export function asvsDocument(): string {
  return documentOf({
    title: 'OWASP ASVS 5.0, V6 to V10',
    about: `The requirements of the [OWASP Application Security Verification Standard 5.0.0](https://github.com/OWASP/ASVS/tree/v5.0.0_release/5.0/en)
about authentication (V6), sessions (V7), authorization (V8), self-contained tokens (V9), and OAuth and OpenID Connect (V10), each in a few
words of our own. \`L\` is the level from which a requirement counts.`,
    columns: ['id', 'L', 'requirement', 'verdict', 'how', 'shown by'],
    sectionOf: (id) => id.slice(0, id.lastIndexOf('.')),
    cellsOf: ({ id }) => [id, ASVS_LEVELS.get(id) ?? ''],
    requirements: ASVS,
  });
}

/** ops/docs/security-rfc9700.md: RFC 9700, sections 2 and 4, row by row. */
export function rfc9700Document(): string {
  return documentOf({
    title: 'RFC 9700',
    about: `What [RFC 9700](https://www.rfc-editor.org/rfc/rfc9700) (Best Current Practice for OAuth 2.0 Security) demands and recommends in its
sections 2 and 4, each in a few words of our own, numbered within its section.`,
    columns: ['id', 'requirement', 'verdict', 'how', 'shown by'],
    sectionOf: (id) => `Section ${id.split('-')[0]}`,
    cellsOf: ({ id }) => [`[${id}](https://www.rfc-editor.org/rfc/rfc9700#section-${id.split('-')[0]})`],
    requirements: RFC9700,
  });
}

const MEANINGS: Readonly<Record<Verdict, string>> = {
  met: 'without any setting',
  'by setting': 'once an operator has set what the row names',
  partly: 'the row says what is missing',
  'not met': 'the row says why, and what an operator can do',
  'of the operator': 'only a deployment can meet it; Cardea does its part',
  'of the app': 'only the app can meet it; Cardea gives it what it needs',
  'not applicable': 'the row says why',
};

const countOf = (requirements: readonly Requirement[], verdict: Verdict) =>
  requirements.filter((one) => one.verdict === verdict).length;

function documentOf(parts: {
  readonly title: string;
  readonly about: string;
  readonly columns: readonly string[];
  readonly requirements: readonly Requirement[];
  sectionOf(id: string): string;
  /** The first cells of a row. */
  cellsOf(requirement: Requirement): readonly string[];
}): string {
  const { title, about, columns, requirements, sectionOf, cellsOf } = parts;
  const sections = new Set(requirements.map(({ id }) => sectionOf(id)));
  const tables = [...sections].map((section) => {
    const rows = requirements
      .filter(({ id }) => sectionOf(id) === section)
      .map((one) => row([...cellsOf(one), one.asks, `**${one.verdict}**`, one.how, shownBy(one)]));
    return [`## ${section}`, '', row(columns), row(columns.map(() => '---')), ...rows].join('\n');
  });
  return `# ${title}\n\n${WRITTEN}\n\n${about}\n\n${tables.join('\n\n')}\n`;
}

const WRITTEN = `Written by \`make documents\` from \`tests/standards/\`. A test fails when a row has neither a test nor a reason, when a test that is
named here does not exist, and when a requirement has no row. In names of tests, \`…\` is a value. [security.md](security.md) says what the
words in bold mean.`;

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function shownBy({ tests = {}, page }: Requirement): string {
  return [...(page === undefined ? [] : [`[${page}](${page})`]), ...(linksTo(tests) ? [linksTo(tests)] : [])].join(
    '; ',
  );
}

function linksTo(tests: Proofs): string {
  return Object.entries(tests)
    .map(([file, names]) => {
      const label = file.replace('.test.ts', '');
      return `[${label}](../../tests/${file}): ${names.map((name) => `“${escaped(name)}”`).join(', ')}`;
    })
    .join('; ');
}

/** What Markdown would read as something else within a cell. */
const escaped = (text: string) => text.replaceAll(/[|<>*_[\]`]/g, (character) => `\\${character}`);
