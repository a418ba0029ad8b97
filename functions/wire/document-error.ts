import type { ProblemCode } from './problems.ts';

/** An error in a document: the field, a sentence that says what to do, and the limit if one was exceeded. */
export interface DocumentError {
  readonly code: Extract<
    ProblemCode,
    'malformed_body' | 'missing_field' | 'unknown_field' | 'invalid_field' | 'body_too_large'
  >;
  readonly detail: string;
  readonly field?: string;
  readonly limit?: number;
}

/** The error for a document that can't be parsed at all. */
export function malformed(detail: string): DocumentError {
  return { code: 'malformed_body', detail };
}
