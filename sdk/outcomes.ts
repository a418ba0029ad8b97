import { type SendFailure, sendFailures } from '../functions/wire/send-failures.ts';
import { ApiError } from './errors.ts';

/** What came of a send: every socket that was named is in exactly one of these. */
export interface SendOutcome {
  /** How many got the message. */
  readonly delivered: number;
  /** How many get it once they are open. */
  readonly queued: number;
  /** Those that are not open any more, or never were. */
  readonly gone: readonly string[];
  readonly failed: readonly { readonly socket: string; readonly code: SendFailure }[];
}

/** What came of a broadcast, in sockets. */
export interface BroadcastOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
  /** There if the call had to end before every socket was looked up; the others got nothing and are not counted. */
  readonly unfinished?: true;
}

/** Reads the answer to a send; an `ApiError` if some other server gave it. */
export function readSendOutcome(answer: unknown): SendOutcome {
  const { delivered, queued, gone, failed } = fields(answer);
  if (!isCount(delivered) || !isCount(queued) || !Array.isArray(gone) || !Array.isArray(failed))
    throw foreign('/send');
  return { delivered, queued, gone: gone.map(String), failed: failed.map(readFailure) };
}

/** Reads the answer to a broadcast; an `ApiError` if some other server gave it. */
export function readBroadcastOutcome(answer: unknown): BroadcastOutcome {
  const { delivered, queued, gone, failed, unfinished } = fields(answer);
  if (!isCount(delivered) || !isCount(queued) || !isCount(gone) || !isCount(failed))
    throw foreign('/broadcast');
  return { delivered, queued, gone, failed, ...(unfinished === true ? { unfinished } : {}) };
}

function readFailure(entry: unknown): { socket: string; code: SendFailure } {
  const { socket, code } = fields(entry);
  return { socket: String(socket), code: isFailure(code) ? code : 'post_failed' };
}

function isFailure(code: unknown): code is SendFailure {
  return typeof code === 'string' && Object.hasOwn(sendFailures, code);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function foreign(path: string): ApiError {
  const detail = 'an answer that is not a gateway’s. Is SOCKETHOOK_API_URL the gateway’s URL?';
  return new ApiError(`POST ${path}`, 200, { detail });
}
