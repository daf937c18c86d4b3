import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { artifacts, ROOT } from './artifacts.ts';

const DOCKERFILE = join(ROOT, 'ops/Dockerfile');

interface Copied {
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The instructions of the last stage of a Dockerfile, each on one line, without comments. */
export function imageInstructions(text: string = readFileSync(DOCKERFILE, 'utf8')): { stages: string[][] } {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: string[][] = [];
  for (const line of lines) {
    if (line.startsWith('FROM ')) stages.push([]);
    stages.at(-1)?.push(line);
  }
  return { stages };
}

export const copiedIntoImage = (): Copied[] => copiedInto(imageInstructions().stages.at(-1) ?? []);

/** What the stages before the last are sent. */
export const copiedIntoStages = (): Copied[] => imageInstructions().stages.slice(0, -1).flatMap(copiedInto);

function copiedInto(lines: readonly string[]): Copied[] {
  return lines.flatMap((line) => {
    const [, stage, paths] = /^COPY (?:--from=(\S+) )?(.+)$/.exec(line) ?? [];
    const words = paths?.split(/\s+/) ?? [];
    const target = words.pop();
    return target === undefined ? [] : [{ stage, sources: words, target }];
  });
}

/** The patterns that the first stage removes from what npm has installed. */
function removedPackages(): string[] {
  const run = imageInstructions().stages[0]?.find((line) => line.startsWith('RUN '));
  return (/rm -rf (.*)$/.exec(run ?? '')?.[1] ?? '').split(/\s+/).filter((one) => one !== '');
}

/**
 * Makes the content of the image from the COPY instructions, without a container engine.
 * @param folder on the file system of the repository, where packages are linked
 */
export function buildImageContent(folder: string): void {
  for (const { stage, sources, target } of copiedIntoImage()) {
    for (const source of sources) {
      const to = join(folder, target, ...(target.endsWith('/') ? [source] : []));
      if (stage === undefined) cpSync(join(ROOT, source), to, { recursive: true });
      else if (stage === 'packages') linkProduction(folder);
      else buildSite(to);
    }
  }
  for (const pattern of removedPackages())
    for (const found of globSync(pattern, { cwd: folder })) rmSync(join(folder, found), { recursive: true });
}

/** Runs the last command of the stage `site` on what the stage has, beside the repository's packages. */
function buildSite(output: string): void {
  const place = mkdtempSync(join(artifacts(), 'site-'));
  try {
    for (const { stage, sources, target } of copiedInto(imageInstructions().stages[1] ?? []))
      if (stage === undefined)
        for (const source of sources)
          cpSync(join(ROOT, source), join(place, target.endsWith('/') ? source : target), { recursive: true });
    rmSync(join(place, 'ops/site/built'), { recursive: true, force: true });
    symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
    const command = imageInstructions().stages[1]?.at(-1)?.replace(/^RUN /, '') ?? '';
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: place, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    cpSync(join(place, 'ops/site/built'), output, { recursive: true });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** What `npm ci --omit=dev` installs: all that the lock does not say to be of development. */
function linkProduction(folder: string): void {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  for (const [path, { dev = false }] of Object.entries(packages)) {
    if (path === '' || dev || !existsSync(join(ROOT, path))) continue;
    linkTree(join(ROOT, path), join(folder, path));
  }
}

/** @param source a package; those inside of it are in the lock by themselves */
function linkTree(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const to = join(target, entry.name);
    if (entry.isDirectory()) linkTree(join(source, entry.name), to);
    else if (entry.isFile() && !existsSync(to)) linkSync(join(source, entry.name), to);
  }
}
