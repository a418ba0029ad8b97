import type { ProblemCode } from './problems.ts';

/** What is wrong with a document: the field, a sentence to act on, and the limit if one was broken. */
export interface DocumentError {
  readonly code: Extract<
    ProblemCode,
    'malformed_body' | 'missing_field' | 'unknown_field' | 'invalid_field' | 'body_too_large'
  >;
  readonly detail: string;
  readonly field?: string;
  readonly limit?: number;
}

/** The error of a document that is not even of its language. */
export function malformed(detail: string): DocumentError {
  return { code: 'malformed_body', detail };
}
