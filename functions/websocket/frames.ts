/** RFC 6455 section 5.2: the operation codes. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The bit that says that a frame is the last of its message. */
const final = 0x80;

/** RFC 6455 section 5.5: what a control frame carries at most, in bytes. */
export const maxControlBytes = 125;

/** A text as a frame from server to client, ready to be written: RFC 6455 section 5.2, unmasked. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const head = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + bytes);
  frame[0] = final | opcodes.text;
  frame[1] = head === 2 ? bytes : head === 4 ? 126 : 127;
  if (head === 4) frame.writeUInt16BE(bytes, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(bytes), 2);
  frame.write(text, head);
  return frame;
}

/** A pong with the payload of the ping that it answers: RFC 6455 section 5.5.3. */
export function pongFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([final | opcodes.pong, payload.length]), payload]);
}

/**
 * A close frame: RFC 6455 section 5.5.1. Without a code it is empty; of a reason no more goes along than fits, which
 * is 123 bytes.
 */
export function closeFrame(code?: number, reason = ''): Buffer {
  if (code === undefined) return Buffer.from([final | opcodes.close, 0]);
  const text = Buffer.from(cutText(reason, maxControlBytes - 2));
  const frame = Buffer.allocUnsafe(4 + text.length);
  frame[0] = final | opcodes.close;
  frame[1] = 2 + text.length;
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4);
  return frame;
}

/** The beginning of a text that takes at most so many bytes of UTF-8; no character is cut in two. */
function cutText(text: string, bytes: number): string {
  // Each of its units takes a byte at least.
  let cut = text.slice(0, bytes);
  while (Buffer.byteLength(cut) > bytes) cut = [...cut].slice(0, -1).join('');
  return cut;
}
