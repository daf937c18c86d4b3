import type { ErrorText } from '../platform/error_texts.ts';
import type { View } from '../views/views.ts';
import type { ReferenceModel } from './model.ts';
import type { ProseBlock } from './prose.ts';

/** One of the descriptions that the page offers. */
export interface DocumentLink {
  readonly name: string;
  readonly title: string;
  /** Of the page. */
  readonly href: string;
  /** Of the document itself. */
  readonly file: string;
  readonly isOpen: boolean;
}

export interface FoundOperation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly href: string;
}

export interface ReferenceData {
  readonly documents: readonly DocumentLink[];
  readonly model: ReferenceModel;
  proseOf(text: string): readonly ProseBlock[];
}

export const referenceView: View<ReferenceData> = { template: 'reference', layout: 'page', title: 'reference.title' };

export interface SearchData {
  readonly query: string;
  readonly documents: readonly DocumentLink[];
  readonly found: readonly FoundOperation[];
}

/** Its own page, so that a search renders no description. */
export const searchView: View<SearchData> = { template: 'reference-search', layout: 'page', title: 'reference.search' };

export interface ProblemRow extends ErrorText {
  readonly code: string;
  readonly status: number;
}

export const problemView: View<ProblemRow> = { template: 'problem', layout: 'page', title: ({ code }) => code };

export const problemsView: View<{ readonly problems: readonly ProblemRow[] }> = {
  template: 'problems',
  layout: 'page',
  title: 'problem.all',
};
