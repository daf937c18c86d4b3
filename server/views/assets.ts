import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** A static file. Its name contains the hash of its content, so it may be cached for ever. */
export interface Asset {
  body: Buffer;
  /** Content-Type. */
  type: string;
  /** Strong, quoted (RFC 9110 §8.8.3). */
  etag: string;
}

export interface Assets {
  /** URL path → asset. */
  files: ReadonlyMap<string, Asset>;
  stylesheet: string;
  /** By the file's name in `scripts/`, without `.js`. Pages work without them. */
  scripts: Readonly<Record<string, string>>;
  icon: string;
  /** The SVG source of the logo, which pages include so that it takes their colours. */
  mark: string;
}

const SCRIPT_TYPE = 'text/javascript; charset=utf-8';

/** In the order of the cascade: `adapt` overrides the others. */
const STYLES = ['base', 'card', 'forms', 'identities', 'wide', 'report', 'reference', 'account', 'adapt'];

/** Reads the stylesheet, the scripts and the logo from disk and names them by their content. */
export function loadAssets(): Assets {
  const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
  const files = new Map<string, Asset>();
  const add = (text: string, extension: string, type: string): string => {
    const body = Buffer.from(text);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const path = `/assets/cardea-${hash}.${extension}`;
    files.set(path, { body, type, etag: `"${hash}"` });
    return path;
  };
  const mark = read('./assets/mark.svg');
  const scripts = readdirSync(new URL('./scripts/', import.meta.url))
    .filter((file) => file.endsWith('.js'))
    .sort();
  return {
    files,
    stylesheet: add(STYLES.map((name) => read(`./styles/${name}.css`)).join('\n'), 'css', 'text/css; charset=utf-8'),
    scripts: Object.fromEntries(
      scripts.map((file) => [file.slice(0, -'.js'.length), add(read(`./scripts/${file}`), 'js', SCRIPT_TYPE)]),
    ),
    icon: add(mark, 'svg', 'image/svg+xml'),
    mark,
  };
}
