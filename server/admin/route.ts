import type { Operation } from '../operations/operation.ts';

/** A route of the API and the operation that it runs. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly operation: Operation;
  /** The path of what a POST has created. */
  location?(output: Readonly<Record<string, unknown>>): string;
  /** Its answer is a file: the member of the output that has it in base64. */
  readonly file?: { readonly member: string; readonly name: string; readonly type: string };
  /** Its answers have an ETag. A change needs `If-Match`, and a POST may have it. */
  readonly versioned?: boolean;
}
