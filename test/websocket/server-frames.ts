/** A frame from server to client. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/**
 * The whole frames at the beginning of these bytes, and how many bytes they take. Throws at what no server may send:
 * RFC 6455 sections 5.1 and 5.2, and parts of messages, which this one never makes.
 */
export function readServerFrames(bytes: Buffer): { frames: ServerFrame[]; taken: number } {
  const frames: ServerFrame[] = [];
  let taken = 0;
  for (;;) {
    const head = readHead(bytes.subarray(taken));
    if (head === undefined || bytes.length < taken + head.bytes + head.length) return { frames, taken };
    const from = taken + head.bytes;
    taken = from + head.length;
    frames.push({ opcode: head.opcode, payload: Buffer.from(bytes.subarray(from, taken)) });
  }
}

/** What a close frame says; 1005 if it is empty. */
export function readServerClose({ payload }: ServerFrame): { code: number; reason: string } {
  if (payload.length === 0) return { code: 1005, reason: '' };
  const reason = new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(2));
  return { code: payload.readUInt16BE(0), reason };
}

function readHead(bytes: Buffer): { opcode: number; length: number; bytes: number } | undefined {
  const [first = 0, second] = bytes;
  if (second === undefined) return undefined;
  const opcode = first & 0x0f;
  if ((first & 0xf0) !== 0x80 || second >= 0x80 || ![1, 8, 9, 10].includes(opcode))
    throw new Error(`no frame of a server: ${bytes.toString('hex', 0, 14)}`);
  if (second < 126) return { opcode, length: second, bytes: 2 };
  const size = second === 126 ? 4 : 10;
  if (bytes.length < size) return undefined;
  const length = second === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (opcode > 2 || length < (second === 126 ? 126 : 65_536))
    throw new Error(`no length of a server's frame: ${bytes.toString('hex', 0, 14)}`);
  return { opcode, length, bytes: size };
}
