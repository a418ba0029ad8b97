/**
 * Reads a body of at most so many bytes. One that is longer is not read on, since anybody can send it: the outcome
 * is then undefined, and the connection should be closed behind the answer.
 */
export async function readBody(
  chunks: AsyncIterable<Uint8Array>,
  most: number,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
