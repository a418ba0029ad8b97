/** RFC 6455 section 5.2: the opcodes. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The FIN bit: the frame is the last of its message. */
const final = 0x80;

/** RFC 6455 section 5.5: the maximum payload of a control frame, in bytes. */
export const maxControlBytes = 125;

/** A text as a frame from server to client, ready to write and not masked. RFC 6455 section 5.2. */
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

/** How many bytes the text of such a frame has. */
export function payloadBytes({ length }: Uint8Array): number {
  // The head takes 2 bytes with a text of up to 125, and 4 with one of up to 65,535.
  return length - (length < 128 ? 2 : length < 65_540 ? 4 : 10);
}

/** A pong with the payload of the ping that it answers. RFC 6455 section 5.5.3. */
export function pongFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([final | opcodes.pong, payload.length]), payload]);
}

/**
 * A close frame (RFC 6455 section 5.5.1). Without a code it is empty. The reason is truncated to the 123 bytes that
 * fit.
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

/** Truncates a text to at most `bytes` of UTF-8, without splitting a character. */
function cutText(text: string, bytes: number): string {
  // Every UTF-16 code unit takes at least one byte.
  let cut = text.slice(0, bytes);
  while (Buffer.byteLength(cut) > bytes) cut = [...cut].slice(0, -1).join('');
  return cut;
}
