/** A description is Markdown: paragraphs, lists of one level, and code between backticks. Other marks stay as they are. */
export type ProseBlock =
  | { readonly kind: 'paragraph'; readonly parts: readonly ProsePart[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly ProsePart[])[] };

export interface ProsePart {
  readonly text: string;
  readonly isCode: boolean;
}

export function proseOf(text: string): ProseBlock[] {
  return text
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const lines = block.split('\n');
      return lines.every((line) => line.startsWith('- '))
        ? { kind: 'list', items: lines.map((line) => partsOf(line.slice(2))) }
        : { kind: 'paragraph', parts: partsOf(lines.join(' ')) };
    });
}

function partsOf(text: string): ProsePart[] {
  return text
    .split('`')
    .map((part, i) => ({ text: part, isCode: i % 2 === 1 }))
    .filter((part) => part.text !== '');
}
