import { isUtf8 } from 'node:buffer';
import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { err, ok, type Result } from '../wire/result.ts';

/** RFC 6455 section 7.4.1: the code that stands for a close frame without one. */
const noCode = 1005;

/**
 * Parses the payload of a close frame: a code followed by a reason, or nothing, which is 1005. Half a code, or a code
 * that must not be sent, is a protocol error (RFC 6455 sections 5.5.1 and 7.4). A reason that is not UTF-8 is invalid
 * text.
 */
export function readClose(payload: Buffer): Result<{ code: number; reason: string }, CloseCode> {
  if (payload.length === 0) return ok({ code: noCode, reason: '' });
  if (payload.length === 1 || !isSendable(payload.readUInt16BE(0))) return err(closeCodes.protocolError);
  const reason = payload.subarray(2);
  return isUtf8(reason)
    ? ok({ code: payload.readUInt16BE(0), reason: reason.toString() })
    : err(closeCodes.invalidText);
}

/** Section 7.4 and the IANA registry: the defined codes that a frame may contain, and the ranges open to anyone. */
function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
