/** A frame from client to server, as RFC 6455 section 5.2 has it; all that may be wrong with one can be asked for. */
export interface ClientFrame {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  readonly isFinal?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  /** The masking key; `none` leaves the frame unmasked. */
  readonly key?: number | 'none';
  /** In how many bits the length is said; the fewest that will do if not given. */
  readonly lengthBits?: 7 | 16 | 64;
  /** The length that is said, if it is not that of the payload. */
  readonly length?: bigint;
}

/** The bytes of a frame. */
export function clientFrame(frame: ClientFrame): Buffer {
  const { opcode, isFinal = true, reserved = 0, key = 0x37fa213d } = frame;
  const payload = Buffer.from(frame.payload ?? '');
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const length = frame.length ?? BigInt(payload.length);
  const bits = frame.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  head[0] = first;
  head[1] = (bits === 7 ? Number(length) : bits === 16 ? 126 : 127) | (key === 'none' ? 0 : 0x80);
  if (bits === 16) head.writeUInt16BE(Number(length), 2);
  if (bits === 64) head.writeBigUInt64BE(length, 2);
  if (key === 'none') return Buffer.concat([head, payload]);
  const mask = Buffer.alloc(4);
  mask.writeInt32BE(key | 0);
  return Buffer.concat([head, mask, masked(payload, mask)]);
}

/** A payload under a key, byte by byte as RFC 6455 section 5.3 has it. */
export function masked(payload: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(payload.map((byte, at) => byte ^ (key[at % 4] ?? 0)));
}

/** The frame of a text. */
export function text(payload: string | Uint8Array): Buffer {
  return clientFrame({ opcode: 1, payload });
}

/** A text in parts. */
export function fragments(parts: readonly (string | Uint8Array)[], opcode = 1): Buffer[] {
  return parts.map((payload, at) =>
    clientFrame({ opcode: at === 0 ? opcode : 0, isFinal: at === parts.length - 1, payload }),
  );
}

/** The frame of a ping. */
export function ping(payload: string | Uint8Array = ''): Buffer {
  return clientFrame({ opcode: 9, payload });
}

/** The frame of a pong. */
export function pong(payload: string | Uint8Array = ''): Buffer {
  return clientFrame({ opcode: 10, payload });
}

/** A close frame; without a code it is empty. */
export function close(code?: number, reason: string | Uint8Array = ''): Buffer {
  return clientFrame({ opcode: 8, payload: closePayload(code, reason) });
}

/** What a close frame says. */
export function closePayload(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([code >>> 8, code & 0xff]), Buffer.from(reason)]);
}

/** Bytes in pieces of so many. */
export function pieces(bytes: Buffer, size: number): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size));
  return all;
}

/** All ways to cut bytes in two, the empty piece of either end included. */
export function* inTwo(bytes: Buffer): Generator<Buffer[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}
