import { type SendFailure, sendFailures } from '../functions/wire/send-failures.ts';
import { ApiError } from './errors.ts';
import type { BroadcastOutcome, SendOutcome } from './outcomes.ts';

/** Reads the answer to a send. Throws an `ApiError` if some other server gave it. */
export function readSendOutcome(answer: unknown): SendOutcome {
  const { delivered, queued, gone, failed } = fields(answer);
  if (!isCount(delivered) || !isCount(queued) || !Array.isArray(gone) || !Array.isArray(failed))
    throw foreign('/send');
  return { delivered, queued, gone: gone.map(String), failed: failed.map(readFailure) };
}

/** Reads the answer to a broadcast. Throws an `ApiError` if some other server gave it. */
export function readBroadcastOutcome(answer: unknown): BroadcastOutcome {
  const { delivered, queued, gone, failed, unfinished } = fields(answer);
  if (!isCount(delivered) || !isCount(queued) || !isCount(gone) || !isCount(failed))
    throw foreign('/broadcast');
  return { delivered, queued, gone, failed, ...(unfinished === true ? { unfinished } : {}) };
}

function readFailure(entry: unknown): { socket: string; code: SendFailure } {
  const { socket, code } = fields(entry);
  return { socket: String(socket), code: sendFailures.find((known) => known === code) ?? 'post_failed' };
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
