/**
 * Checks the links and the code blocks of all documents of the repository. `make check` runs this file;
 * tests/platform/documents_check.test.ts tests it.
 * node tests/documents_check.ts
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { pathToFileURL } from 'node:url';
import GithubSlugger from 'github-slugger';
import { parseSync } from 'oxc-parser';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './helpers/artifacts.ts';

export interface CodeBlock {
  /** In lower case, without what follows it. */
  readonly language: string;
  readonly code: string;
  /** Of its first line in the document, from 1. */
  readonly line: number;
}

export interface Link {
  readonly href: string;
  readonly line: number;
}

const FENCE = /^(\s*)(`{3,})(.*)$/;
/** A link or an image; a title after the target is not used here. */
const LINK = /\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g;
const HTML_TARGET = /<a\s+(?:id|name)="([^"]+)"/g;

/** The code blocks of a document, and its lines outside of them. */
function split(text: string): { readonly blocks: CodeBlock[]; readonly prose: readonly string[] } {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { readonly fence: string; readonly language: string; readonly line: number; code: string[] } | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    const [, , fence, rest = ''] = FENCE.exec(line) ?? [];
    if (open && fence !== undefined && fence.length >= open.fence.length && rest.trim() === '') {
      blocks.push({ language: open.language, code: open.code.join('\n'), line: open.line });
      open = undefined;
    } else if (open) open.code.push(line);
    else if (fence !== undefined) {
      const language = rest.trim().split(/\s+/)[0] ?? '';
      open = { fence, language: language.toLowerCase(), line: at + 2, code: [] };
    }
    prose.push(open || fence !== undefined ? '' : line);
  }
  if (open) blocks.push({ language: 'not closed', code: '', line: open.line });
  return { blocks, prose };
}

export const codeBlocksOf = (text: string): readonly CodeBlock[] => split(text).blocks;

export function linksOf(text: string): readonly Link[] {
  return split(text).prose.flatMap((line, at) => {
    const withoutCode = line.replaceAll(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    return [...withoutCode.matchAll(LINK)].map(([, href = '']) => ({ href, line: at + 1 }));
  });
}

/** What a link to this document may name after `#`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  const { prose } = split(text);
  const headings = prose.flatMap((line) => /^#{1,6} (.*?)(?: #+)?$/.exec(line)?.[1] ?? []);
  const names = headings.map((heading) =>
    slugger.slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')),
  );
  return new Set([...names, ...[...prose.join('\n').matchAll(HTML_TARGET)].map(([, name = '']) => name)]);
}

/** Why code of a language cannot be right; undefined when nothing was found. */
type Check = (code: string) => string | undefined;

const asShell: Check = (code) => {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim().split('\n')[0];
};

/** The commands of a session: the lines after `$ ` and those that continue them. */
const asSession: Check = (text) => {
  const commands: string[] = [];
  let continued = false;
  for (const line of text.split('\n')) {
    const command: string | undefined = continued ? line : /^\s*\$ (.*)$/.exec(line)?.[1];
    if (command === undefined) continue;
    commands.push(command);
    continued = command.endsWith('\\');
  }
  return asShell(commands.join('\n'));
};

const asScript =
  (file: string): Check =>
  (code) =>
    parseSync(file, code).errors[0]?.message;

const asJson: Check = (code) => {
  try {
    JSON.parse(code);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

const asYaml: Check = (code) =>
  parseAllDocuments(code).flatMap((one) => ('errors' in one ? one.errors : []))[0]?.message;
const asIs: Check = () => undefined;

/** Of the others a test runs the code itself, or their syntax is that of a program that the checks do without. */
const CHECKS: Readonly<Record<string, Check>> = {
  sh: asShell,
  bash: asShell,
  console: asSession,
  json: asJson,
  yaml: asYaml,
  yml: asYaml,
  js: asScript('a.mjs'),
  ts: asScript('a.ts'),
  tsx: asScript('a.tsx'),
  ...Object.fromEntries(
    [
      '',
      'text',
      'http',
      'cfg',
      'conf',
      'csharp',
      'go',
      'hcl',
      'html',
      'ini',
      'java',
      'mermaid',
      'nginx',
      'py',
      'rs',
      'sql',
      'toml',
    ].map((name) => [name, asIs]),
  ),
};

/** The faults of one code block, as `make check` prints them. */
export function faultOf({ language, code }: Pick<CodeBlock, 'language' | 'code'>): string | undefined {
  const check = CHECKS[language];
  return check
    ? check(code)
    : `no check is known for code blocks of ${JSON.stringify(language)}: add it to tests/documents_check.ts`;
}

/** All documents of the repository, without those of others. */
export function documents(): readonly string[] {
  return globSync(['*.md', '{ops,tests,.github}/**/*.md'], { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/(^|\/)(node_modules|built)\//.test(file))
    .sort();
}

/** @returns the faults of a document, one line each; an empty list when there are none */
export function faultsOf(file: string, read: (path: string) => string | undefined = readDocument): readonly string[] {
  const text = read(file) ?? '';
  const ofBlocks = codeBlocksOf(text).flatMap((block) => {
    const fault = faultOf(block);
    return fault === undefined ? [] : [`${file}:${block.line}: ${fault}`];
  });
  const ofLinks = linksOf(text).flatMap(({ href, line }) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return [];
    const [path = '', anchor] = href.split('#', 2);
    const target = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
    const found = read(target);
    if (found === undefined) return [`${file}:${line}: there is no file ${target}`];
    if (anchor === undefined || !target.endsWith('.md') || anchorsOf(found).has(anchor)) return [];
    return [`${file}:${line}: ${target} has no heading #${anchor}`];
  });
  return [...ofBlocks, ...ofLinks];
}

/** @returns undefined when there is no such file or folder */
function readDocument(file: string): string | undefined {
  const path = join(ROOT, file);
  if (!existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? '' : readFileSync(path, 'utf8');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = documents().flatMap((file) => faultsOf(file));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}
