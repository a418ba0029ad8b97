import { isUtf8 } from 'node:buffer';
import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { err, ok, type Result } from '../wire/result.ts';

/** RFC 6455 section 7.4.1: what stands for a close frame without a code. */
const noCode = 1005;

/**
 * Reads what a close frame says: a code, and a reason behind it, or nothing, which is 1005. A code that may not be
 * sent, or half of one, is a fault of the protocol (RFC 6455 sections 5.5.1 and 7.4), a reason that is no UTF-8 one of
 * the text.
 */
export function readClose(payload: Buffer): Result<{ code: number; reason: string }, CloseCode> {
  if (payload.length === 0) return ok({ code: noCode, reason: '' });
  if (payload.length === 1 || !isSendable(payload.readUInt16BE(0))) return err(closeCodes.protocolError);
  const reason = payload.subarray(2);
  return isUtf8(reason)
    ? ok({ code: payload.readUInt16BE(0), reason: reason.toString() })
    : err(closeCodes.invalidText);
}

/** Section 7.4 and the registry of IANA: those that are defined and may stand in a frame, and those that anybody may use. */
function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
