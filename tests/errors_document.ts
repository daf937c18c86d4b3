import { ERROR_TEXTS } from '../server/platform/error_texts.ts';
import { ERROR_STATUSES } from '../server/platform/errors.ts';
import { ERROR_CODES } from '../server/platform/problems.ts';

/** ops/docs/errors.md: all error codes, generated from the tables of the server. */
export function errorsDocument(): string {
  const rows = ERROR_CODES.map((code) => {
    const { happened, remedy } = ERROR_TEXTS[code];
    return `| \`${code}\` | ${ERROR_STATUSES[code]} | ${happened} | ${remedy} |`;
  });
  return `${[INTRODUCTION, '| code | status | | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n')}\n`;
}

const INTRODUCTION = `# Error codes

Written by \`make documents\` from \`server/platform/error_texts.ts\`.

Errors of the admin API are problems (RFC 9457, \`application/problem+json\`). \`type\` is a page of the same server, which says what is
here: \`https://id.example.com/problems/invalid_input\`. Programs compare \`type\`; \`title\` and \`detail\` are for people, and may become better.

\`\`\`json
{
  "type": "https://id.example.com/problems/invalid_input",
  "title": "A value of the request is not allowed.",
  "status": 400,
  "detail": "email: must be an e-mail address",
  "errors": [{ "pointer": "/email", "detail": "must be an e-mail address" }],
  "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
}
\`\`\`

\`errors\` names wrong values: by \`pointer\` the place in the body (JSON Pointer, RFC 6901), by \`parameter\` a parameter. A request is judged in
steps, and the first that refuses it names all that it finds: the form (types, words, lengths; at most eight), then each value by itself, then what
values mean together or in the database, where one is named. The log of the server has the line of \`request_id\`. The OAuth endpoints respond as RFC 6749 §5.2 says; \`/openapi.json\` lists their codes. Some codes are of
the command line alone.
`;
