import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { CLIENTS, type ClientRow } from './clients_of_others/table.ts';
import { ROOT } from './helpers/artifacts.ts';

/** ops/docs/clients.md: the clients that the tests sign in with, and the code that they run. */
export function clientsDocument(): string {
  const rows: readonly ClientRow[] = Object.values(CLIENTS);
  const overview = [
    '| client | language | version tried | |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ name, language, version, notes }) => `| [${name}](#${anchorOf(name)}) | ${language} | ${version} | ${notes} |`,
    ),
  ];
  return `${[INTRODUCTION, overview.join('\n'), ANSWERS, ...rows.map(section)].join('\n\n')}\n`;
}

const INTRODUCTION = `# Clients of others

Written by \`make documents\` from \`tests/clients_of_others/\`.

Most libraries need three things: the issuer (\`CARDEA_ISSUER\`), a client id and a secret. \`cardea clients create\` prints
the last two. Each client below was tried with the code that is shown, which is what its own quick start says; the tests run
this code and these commands. In the code \`issuer\`, \`clientId\` and \`clientSecret\` are these three, and \`origin\` is the address of the
app, which is \`http://localhost:8080\` in the commands.`;

const ANSWERS = `## When a client is refused

The error in the redirect, on the page and in the log says what to do. The usual reasons:

- **PKCE is missing.** An app with a secret needs PKCE or a \`nonce\`; most libraries send one of them. Switch one on in the
  library if it can. If it has neither: \`cardea clients update ID --pkce off\`. A public client always needs PKCE.
- **Unsupported \`response_type\`.** Cardea issues codes: set the app to \`response_type=code\`. An app that can only use the implicit
  or the hybrid flow needs \`CARDEA_PROFILE=oidc\`, and the response type in its metadata.
- **The redirect URI is not registered.** It is compared exactly, with its path, its query and a final slash.
- **Claims are missing in the ID token.** They belong to scopes: \`profile\` and \`email\` must be asked for. \`--id-token-claims minimal\`
  leaves them to \`/userinfo\`.`;

function section({ name, link, commands, file, setup }: ClientRow): string {
  const { text, language } = snippetOf(file);
  return [
    `## ${name}`,
    `[Quick start](${link})${setup === undefined ? '' : `. ${setup}`}`,
    `\`\`\`sh\n${commands.join('\n')}\n\`\`\``,
    `\`\`\`${language}\n${text}\n\`\`\``,
  ].join('\n\n');
}

/** The anchor that GitHub and others give to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

const BEGIN = /^\s*(\/\/|#|<!--) snippet\b/;
const END = /^\s*(\/\/|#|<!--) end of the snippet\b/;

/** An import of a package in JavaScript, which is outside of the snippet. */
const PACKAGE = /^import .* from '(?!node:|[./])/;

/** @throws when the file has no comments `snippet` and `end of the snippet` */
function snippetOf(file: string): { text: string; language: string } {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const begin = lines.findIndex((line) => BEGIN.test(line));
  const end = lines.findIndex((line) => END.test(line));
  if (begin === -1 || end < begin) throw new Error(`${file} has no snippet`);
  const snippet = lines.slice(begin + 1, end);
  const indents = snippet.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  const imports = lines.filter((line) => PACKAGE.test(line));
  const text = [...imports, ...(imports.length > 0 ? [''] : []), ...snippet.map((line) => line.slice(indent))];
  return { text: text.join('\n'), language: extname(file).slice(1) };
}
