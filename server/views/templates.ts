import { readdirSync, readFileSync } from 'node:fs';
import { Eta } from 'eta';
import { escapeHtml, Html } from './html.ts';

const FOLDER = new URL('./templates/', import.meta.url);

/** Names that templates see without a prefix. */
const SCOPE = ['data', 't', 'rich', 'translator', 'partial', 'present', 'shell', 'at'] as const;
export type TemplateScope = Record<(typeof SCOPE)[number], unknown>;

/** Attributes that hold a URL. `at` changes only paths of this server, so that it can be asked of all of them. */
const URL_WITHOUT_AT = /\s(?:href|src|action|formaction|poster|srcset|data)\s*=\s*["'](?!<%= at\()/;

/** Prints a template, named by its path below `templates/` without `.eta`. */
export type TemplatePrinter = (name: string, scope: TemplateScope) => Html;

/**
 * Reads and compiles all templates below a folder once. Refuses the two ways in which data could become markup: raw
 * interpolation, and interpolation into an attribute without quotes. Refuses a URL that is not printed by `at`, which adds the
 * issuer's path.
 */
export function compileTemplates(folder: URL = FOLDER): TemplatePrinter {
  const eta = new Eta({
    autoEscape: true,
    escapeFunction: escapeHtml,
    functionHeader: `const { ${SCOPE.join(', ')} } = it;`,
    plugins: [
      {
        processTemplate: (source) => {
          if (/=\s*<%/.test(source)) throw new Error('a template prints into an attribute without quotes');
          if (URL_WITHOUT_AT.test(source)) throw new Error('a template has a URL that is not printed by at(…)');
          return source;
        },
        processAST: (nodes) => {
          if (nodes.some((node) => typeof node !== 'string' && node.t === 'r')) {
            throw new Error('a template prints without escaping; make it Html in TypeScript instead');
          }
          return nodes;
        },
      },
    ],
  });
  const compile = (file: string) => {
    try {
      return eta.compile(readFileSync(new URL(file, folder), 'utf8'));
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  };
  const compiled = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.eta'))
      .map((file) => [file.slice(0, -'.eta'.length).replaceAll('\\', '/'), compile(file)]),
  );
  return (name, scope) => {
    const template = compiled.get(name);
    if (template === undefined) throw new Error(`no template ${name}`);
    return new Html(template.call(eta, scope));
  };
}
