import { readDer, readOid, TAG } from './der.ts';

/** Attribute types of RFC 4514 §3, and others that are common in certificates (RFC 5280 §4.1.2.4). */
const TYPES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  TITLE: '2.5.4.12',
  BUSINESSCATEGORY: '2.5.4.15',
  POSTALCODE: '2.5.4.17',
  GN: '2.5.4.42',
  ORGANIZATIONIDENTIFIER: '2.5.4.97',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
  JURISDICTIONC: '1.3.6.1.4.1.311.60.2.1.3',
};

type Attribute = readonly [type: string, value: string];

/**
 * A distinguished name in a form that `===` compares: types as object identifiers, values decoded, the attributes of
 * each part sorted. Values are compared exactly, case included.
 */
export type ComparableName = string;

/**
 * @param text a name as in RFC 4514, most specific part first: `CN=client,O=Example`
 * @throws Error with a message that follows the name of a field
 */
export function parseName(text: string): ComparableName {
  const parts: Attribute[][] = [[]];
  for (let at = 0; ; ) {
    const type = match(/ *(?:OID\.)?([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+) *= */iy, text, at);
    const value = match(
      /#((?:[0-9A-Fa-f]{2})+) *|(?!#)((?:[^\\,+"<>;\0]|\\(?:[\\,+"<>;=# ]|[0-9A-Fa-f]{2}))*)/y,
      text,
      type.end,
    );
    const [, hex, string = ''] = value.groups;
    parts
      .at(-1)
      ?.push([typeOf(type.groups[1] ?? ''), hex === undefined ? unescaped(string) : valueIn(Buffer.from(hex, 'hex'))]);
    if (value.end === text.length) return comparable(parts);
    if (text[value.end] === ',') parts.push([]);
    else if (text[value.end] !== '+')
      throw new Error(`must be a name as in RFC 4514; character ${value.end + 1} is odd`);
    at = value.end + 1;
  }
}

/** @param name a DER `Name` (RFC 5280 §4.1.2.4), which is in the opposite order */
export function readName(name: Buffer): ComparableName {
  const parts = readDer(name).map(({ content }) =>
    readDer(content).map((attribute): Attribute => {
      const [type, value] = readDer(attribute.content);
      if (type?.tag !== TAG.oid || !value) throw new Error('an attribute without type or value');
      return [readOid(type.content), valueIn(value.whole)];
    }),
  );
  return comparable(parts.reverse());
}

function comparable(parts: readonly (readonly Attribute[])[]): ComparableName {
  return JSON.stringify(parts.map((part) => part.map((attribute) => JSON.stringify(attribute)).sort()));
}

function typeOf(name: string): string {
  if (/^\d/.test(name)) return name;
  const oid = TYPES[name.toUpperCase()];
  if (oid === undefined) throw new Error(`must be a name as in RFC 4514; give ${name} as an object identifier`);
  return oid;
}

/** RFC 4514 §2.4: pairs of hex digits are bytes of UTF-8; trailing white space counts only when it is escaped. */
function unescaped(text: string): string {
  const trimmed = text.replace(/(?<!\\) +$/, '');
  const pieces = trimmed.match(/\\[0-9A-Fa-f]{2}|\\.|[^\\]+/gs) ?? [];
  const bytes = pieces.map((piece) => {
    if (!piece.startsWith('\\')) return Buffer.from(piece);
    return piece.length === 3 ? Buffer.from(piece.slice(1), 'hex') : Buffer.from(piece.slice(1));
  });
  return Buffer.concat(bytes).toString();
}

/** String types of X.680 §41; a value of another type is compared by its bytes. */
const STRINGS: Readonly<Record<number, (content: Buffer) => string>> = {
  12: (content) => content.toString('utf8'),
  19: (content) => content.toString('latin1'),
  20: (content) => content.toString('latin1'),
  22: (content) => content.toString('latin1'),
  30: (content) => Buffer.from(content).swap16().toString('utf16le'),
};

function valueIn(der: Buffer): string {
  const [value, more] = readDer(der);
  const read = value && !more && STRINGS[value.tag];
  // The NUL in front keeps bytes apart from strings: no string value begins with NUL.
  return read ? read(value.content) : `\0${der.toString('hex')}`;
}

function match(pattern: RegExp, text: string, at: number): { groups: RegExpExecArray; end: number } {
  pattern.lastIndex = at;
  const groups = pattern.exec(text);
  if (!groups) throw new Error(`must be a name as in RFC 4514; character ${at + 1} is odd`);
  return { groups, end: pattern.lastIndex };
}
