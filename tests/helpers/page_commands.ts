import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './artifacts.ts';

/** A block of commands of a document. */
export interface Commands {
  /** What the comment above it says: to run it, to run it with systemd alone, to take its values, or why not to run it. */
  readonly kind: 'run' | 'systemd' | 'values' | 'not run' | undefined;
  readonly name: string;
  readonly text: string;
}

const BLOCK = /(?:<!-- (run|systemd|values|not run)(?:: ([^\n]*?))? -->\n)?```sh\n([\s\S]*?)```/g;

/** The commands of a page in ops/docs, in their order. */
export function commandsOf(page: string): Commands[] {
  const document = readFileSync(join(ROOT, 'ops/docs', page), 'utf8');
  return [...document.matchAll(BLOCK)].map(([, kind, name = '', text = '']) => ({
    kind: kind as Commands['kind'],
    name,
    text,
  }));
}
