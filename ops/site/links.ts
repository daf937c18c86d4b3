import { posix } from 'node:path';

/** Where the documents are in the repository. */
export const DOCUMENTS = 'ops/docs';

/**
 * Where a link of a document leads on the site: a document is a page, and other files of the repository are not there.
 * @param href as it is written in the document
 * @param from path of the document in the repository, such as `ops/docs/audit.md`
 * @returns undefined when the target is not on the site
 */
export function siteLink(href: string, from: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:|^\/\/|^#/i.test(href)) return href;
  const [path = '', fragment] = href.split('#', 2);
  const target = posix.join(posix.dirname(from), path);
  if (!target.startsWith(`${DOCUMENTS}/`)) return undefined;
  const page = path.replace(/\.md$/, '.html');
  return fragment === undefined ? page : `${page}#${fragment}`;
}
