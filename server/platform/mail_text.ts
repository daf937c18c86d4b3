/** A received mail with its headers decoded, and the two forms of its text. */
export interface ReadableMail {
  /** By lower-case name; of repeated headers the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
}

export async function readMail(source: string): Promise<ReadableMail> {
  const { default: PostalMime, decodeWords } = await import('postal-mime');
  const { headers, text = '', html = '' } = await PostalMime.parse(source);
  return {
    headers: new Map(headers.toReversed().map(({ key, value }) => [key, decodeWords(value)])),
    text: oneLineEnd(text),
    html: oneLineEnd(html),
  };
}

function oneLineEnd(text: string): string {
  return text.replace(/\n+$/, '\n');
}
