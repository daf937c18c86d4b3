import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ROOT } from './helpers/artifacts.ts';

const BEGIN = /^\s*(\/\/|#|<!--) snippet\b/;
const END = /^\s*(\/\/|#|<!--) end of the snippet\b/;

/** An import of a package in JavaScript, which is outside of the snippet. */
const PACKAGE = /^import .* from '(?!node:|[./])/;

/** In a document: the file of a snippet, and the code block that shows it. */
const PLACE = /(<!-- snippet of (\S+) -->\n)```[\s\S]*?\n```/g;

/**
 * The code block of a tested file.
 * @throws when the file has no comments `snippet` and `end of the snippet`
 */
export function snippetOf(file: string): string {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const begin = lines.findIndex((line) => BEGIN.test(line));
  const end = lines.findIndex((line) => END.test(line));
  if (begin === -1 || end < begin) throw new Error(`${file} has no snippet`);
  const snippet = lines.slice(begin + 1, end);
  const indents = snippet.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  const imports = lines.slice(0, begin).filter((line) => PACKAGE.test(line));
  const text = [...imports, ...(imports.length > 0 ? [''] : []), ...snippet.map((line) => line.slice(indent))];
  return `\`\`\`${extname(file).slice(1)}\n${text.join('\n')}\n\`\`\``;
}

/** A document whose code blocks below `<!-- snippet of FILE -->` are those of the tested files. */
export function withSnippets(document: string): string {
  return document.replaceAll(PLACE, (_, comment: string, file: string) => comment + snippetOf(file));
}
