/** RFC 6455 section 5.2: opcodes. */
export const opcodes = { text: 1, ping: 9 } as const;

/** Not zero, so that servers really have to unmask. */
const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** A masked text frame of at most 65,535 bytes (RFC 6455 section 5.2), which can be written any number of times. */
export function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const masked = payload.map((byte, at) => byte ^ (mask[at % mask.length] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcodes.text, ...size]), mask, masked]);
}
