/** A mail as a person reads it: headers decoded, and the two forms of its text. */
export interface ReadableMail {
  /** By lower-case name; of repeated ones the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
}

/** Reads mails as ours are written: one level of multipart, UTF-8, quoted-printable, base64 or neither. */
export function readMail(source: string): ReadableMail {
  const whole = partOf(source);
  const boundary = /boundary="?([^";]+)"?/i.exec(whole.headers.get('content-type') ?? '')?.[1];
  const parts =
    boundary === undefined
      ? [whole]
      : whole.body
          .split(`--${boundary}`)
          .slice(1, -1)
          .map((part) => partOf(part.replace(/^\r?\n/, '')));
  const textOf = (type: string) => {
    const part = parts.find(({ headers }) => (headers.get('content-type') ?? '').toLowerCase().startsWith(type));
    return part ? decoded(part) : '';
  };
  return { headers: whole.headers, text: textOf('text/plain'), html: textOf('text/html') };
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function partOf(source: string): Part {
  const [, head = '', body = ''] = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(source) ?? [];
  const headers = new Map<string, string>();
  // RFC 5322 §2.2.3: a line that begins with white space goes on with the header before it
  for (const line of head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, decodedWords(line.slice(colon + 1).trim()));
  }
  return { headers, body };
}

function decoded({ headers, body }: Part): string {
  const encoding = (headers.get('content-transfer-encoding') ?? '').toLowerCase();
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString()
      : encoding === 'quoted-printable'
        ? quotedPrintable(body.replaceAll(/=[ \t]*\r?\n/g, ''))
        : body;
  return text.replaceAll('\r\n', '\n').replace(/\n+$/, '\n');
}

function quotedPrintable(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

/** RFC 2047 §2; white space between two encoded words is not part of the text (§6.2). */
function decodedWords(value: string): string {
  return value
    .replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
    .replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      kind.toUpperCase() === 'B' ? Buffer.from(text, 'base64').toString() : quotedPrintable(text.replaceAll('_', ' ')),
    );
}
