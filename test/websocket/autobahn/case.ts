/** What a client does, and what has to come of it; numbered as in the test suite of the Autobahn project. */
export interface Case {
  readonly id: string;
  /** What it sends, each in a write of its own. */
  readonly writes: readonly Buffer[];
  /** What the app is told, and answers with the same, in this order. */
  readonly texts: readonly string[];
  /** The payloads of its pings, as latin1: the latest is answered, others may be, in their order. */
  readonly pings?: readonly string[];
  /** The code that the client gets, if the case ends the connection; else it is closed with 1000 in the end. */
  readonly close?: number;
  /** What the app is told, if it is not that code. */
  readonly told?: { readonly code: number; readonly reason: string };
  /** Nothing is waited for but the end: an answer may come too late for a client that closes. */
  readonly isHasty?: boolean;
}

/** A case that comes to texts, and the connection stays. */
export function echoed(id: string, writes: readonly Buffer[], texts: readonly string[]): Case {
  return { id, writes, texts };
}

/** A case that breaks a rule, behind texts that do not. */
export function failed(
  id: string,
  writes: readonly Buffer[],
  texts: readonly string[] = [],
  close = 1002,
): Case {
  return { id, writes, texts, close };
}
