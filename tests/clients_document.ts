import { OTHER_LANGUAGES } from './clients_of_others/other_languages.ts';
import { CLIENTS, type ClientRow } from './clients_of_others/table.ts';
import { snippetOf } from './snippets.ts';

/** ops/docs/clients.md: the clients that the tests sign in with, and the code that they run. */
export function clientsDocument(): string {
  const rows: readonly ClientRow[] = [
    ...Object.values(CLIENTS),
    ...new Set(OTHER_LANGUAGES.flatMap((app) => (app.kind === 'client' ? [app.row] : []))),
  ];
  const overview = [
    '| client | language | version tried | |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ name, language, version, notes }) => `| [${name}](#${anchorOf(name)}) | ${language} | ${version} | ${notes} |`,
    ),
  ];
  return `${[INTRODUCTION, overview.join('\n'), ANSWERS, ...rows.map(section)].join('\n\n')}\n`;
}

const INTRODUCTION = `# Connect a client

Written by \`make documents\` from \`tests/clients_of_others/\`.

Most libraries need three things: the issuer (\`CARDEA_ISSUER\`), a client id and a secret. \`cardea clients create\` prints
the last two. Run \`cardea\` as \`npx cardea\` in the folder of this repository, with the \`CARDEA_*\` settings of the server. \`cardea clients
show ID\` shows an app, \`cardea clients update ID\` changes it: its redirect URIs or scopes by \`--metadata-file\`, a file such as
\`{"redirect_uris": ["https://notes.example.com/callback"]}\`.

Each client below was tried with the code that is shown, which is what its own quick start says; the tests run
this code and these commands. In the code \`issuer\`, \`clientId\` and \`clientSecret\` are these three, and \`origin\` is the address of the
app, which is \`http://localhost:8080\` in the commands. In other languages they are environment variables: \`ISSUER\`, \`CLIENT_ID\`,
\`CLIENT_SECRET\`. \`make test\` tries those in JavaScript; \`make clients\` tries all others whose language is on the machine.`;

const ANSWERS = `## When a client is refused

The error in the redirect or on the page says what to do. The log of Cardea (\`refused\`) says why, what was sent and what is registered. The
usual reasons:

- **PKCE is missing.** An app with a secret needs PKCE or a \`nonce\`; most libraries send one of them. Switch one on in the
  library if it can. If it has neither: \`cardea clients update ID --pkce off\`. A public client always needs PKCE.
  In \`clients show\`, \`pkce_needed\` is \`always\`, \`without_nonce\` (a \`nonce\` with the scope \`openid\` replaces it) or \`never\`.
- **Unsupported \`response_type\`.** Cardea issues codes: set the app to \`response_type=code\`. An app that can only use the implicit
  or the hybrid flow needs \`CARDEA_PROFILE=oidc\`, and the response type in its metadata.
- **The redirect URI is not registered.** It is compared exactly, with its path, its query and a final slash.
- **\`invalid_scope\` or \`invalid_target\`.** The app has to be registered for the scopes of the API that it asks for
  ([resource-servers.md](resource-servers.md)): \`clients create --scope\`.
- **Claims are missing in the ID token.** They belong to scopes: \`profile\` and \`email\` must be asked for. \`--id-token-claims minimal\`
  leaves them to \`/userinfo\`.`;

function section({ name, link, commands, file, secondFile, setup }: ClientRow): string {
  return [
    `## ${name}`,
    `[Quick start](${link})${setup === undefined ? '' : `. ${setup}`}`,
    `\`\`\`sh\n${commands.join('\n')}\n\`\`\``,
    snippetOf(file),
    ...(secondFile === undefined ? [] : [snippetOf(secondFile)]),
  ].join('\n\n');
}

/** The anchor that GitHub and others give to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
