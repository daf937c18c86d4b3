/** Which lines and branches of the server the tests have run; a run of all tests fails below `THRESHOLDS`. */
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mergeProcessCovs } from '@bcoe/v8-coverage';
import { convert } from 'ast-v8-to-istanbul';
import istanbul, { type CoverageMap, type CoverageSummary } from 'istanbul-lib-coverage';
import { type Program, parseSync } from 'oxc-parser';
import { MEASURED } from './measured.ts';

/** The least percentage of each, in all measured folders together. */
export const THRESHOLDS = { lines: 90, branches: 85 } as const;
type Measure = keyof typeof THRESHOLDS;
const MEASURES = Object.keys(THRESHOLDS) as Measure[];
/** So many files with the most lines that did not run are listed. */
const LOWEST = 10;

/**
 * Reads what the processes of a run have written (tests/coverage/collect.ts).
 * @param root the folder that holds `MEASURED`; a file that no process has loaded counts as not run
 */
export async function readCoverage(written: string, root: string): Promise<CoverageMap> {
  const { result } = mergeProcessCovs(
    readdirSync(written).map(
      (name) => JSON.parse(readFileSync(join(written, name), 'utf8')) as Profiler.TakePreciseCoverageReturnType,
    ),
  );
  const ran = new Map(result.map((script) => [script.url, script]));
  const map = istanbul.createCoverageMap();
  for (const file of MEASURED.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort()) {
    const path = join(root, file);
    const url = pathToFileURL(path).href;
    // Node replaces the types by blanks, so all positions are those of the source.
    const code = stripTypeScriptTypes(readFileSync(path, 'utf8'));
    const coverage = ran.get(url) ?? notRun(url, code);
    map.merge(await convert<unknown, Program>({ code, coverage, ast: parseSync(`${path}.js`, code).program }));
  }
  return map;
}

function notRun(url: string, code: string): Pick<Profiler.ScriptCoverage, 'url' | 'functions'> {
  const ranges = [{ startOffset: 0, endOffset: code.length, count: 0 }];
  return { url, functions: [{ functionName: '', ranges, isBlockCoverage: true }] };
}

/** Percentages of a folder or file. */
export type Figures = { readonly name: string } & Readonly<Record<Measure, number>>;

export interface Report {
  readonly total: Figures;
  /** By folder; a folder directly in `server` counts for itself. */
  readonly folders: readonly Figures[];
  /** The files with the most lines that did not run, with these lines. */
  readonly lowest: readonly (Figures & { readonly missing: string })[];
  /** One line for each threshold that is not reached. */
  readonly problems: readonly string[];
}

/** @param root all names are relative to it */
export function reportOf(map: CoverageMap, root: string): Report {
  const total = istanbul.createCoverageSummary();
  const folders = new Map<string, CoverageSummary>();
  const files = map.files().map((path) => {
    const file = map.fileCoverageFor(path);
    const name = path.slice(join(root, '/').length).replaceAll('\\', '/');
    const summary = file.toSummary();
    const folder = folderOf(name);
    const sum = folders.get(folder) ?? istanbul.createCoverageSummary();
    for (const one of [total, sum]) one.merge(summary);
    folders.set(folder, sum);
    return { name, summary, missing: file.getUncoveredLines().map(Number) };
  });
  return {
    total: figures('in all', total),
    folders: [...folders].map(([name, sum]) => figures(name, sum)).sort((a, b) => a.name.localeCompare(b.name)),
    lowest: files
      .filter(({ missing }) => missing.length > 0)
      .sort((a, b) => b.missing.length - a.missing.length)
      .slice(0, LOWEST)
      .map(({ name, summary, missing }) => ({ ...figures(name, summary), missing: ranges(missing) })),
    problems: MEASURES.filter((measure) => total[measure].pct < THRESHOLDS[measure]).map(
      (measure) => `the tests run ${total[measure].pct} % of the ${measure}; ${THRESHOLDS[measure]} % are needed`,
    ),
  };
}

function folderOf(file: string): string {
  const [top = '', second = '', third] = file.split('/');
  return top === 'server' && third !== undefined ? `${top}/${second}` : top;
}

function figures(name: string, summary: CoverageSummary): Figures {
  return { name, lines: summary.lines.pct, branches: summary.branches.pct };
}

/** @returns `[1, 2, 3, 7]` as `1–3, 7` */
function ranges(lines: readonly number[]): string {
  const found: [number, number][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last && line === last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

/** @returns the report as people read it */
export function printed({ total, folders, lowest }: Report): string {
  const row = ({ name, lines, branches }: Figures, note = '') =>
    `${name.padEnd(44)}${lines.toFixed(1).padStart(7)}${branches.toFixed(1).padStart(10)}  ${note}`.trimEnd();
  return [
    `${'coverage in %'.padEnd(46)}lines  branches`,
    ...folders.map((one) => row(one)),
    row(total),
    '',
    'most lines that no test runs',
    ...lowest.map((one) => row(one, one.missing.length > NOTE ? `${one.missing.slice(0, NOTE)}…` : one.missing)),
  ].join('\n');
}

const NOTE = 60;

/** Writes the figures (coverage.json), and each line (lcov.info) for editors and services that show it. */
export function writeCoverage(folder: string, map: CoverageMap, report: Report, root: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'coverage.json'), JSON.stringify(report, null, 1));
  const lcov = map.files().flatMap((path) => {
    const file = map.fileCoverageFor(path);
    const branches = Object.entries(file.branchMap).flatMap(([id, { loc }]) =>
      (file.b[id] ?? []).map((count, at) => `BRDA:${loc.start.line},${id},${at},${count}`),
    );
    const lines = Object.entries(file.getLineCoverage()).map(([line, count]) => `DA:${line},${count}`);
    return [`SF:${path.slice(join(root, '/').length)}`, ...branches, ...lines, 'end_of_record'];
  });
  writeFileSync(join(folder, 'lcov.info'), `${lcov.join('\n')}\n`);
}
