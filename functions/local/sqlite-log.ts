/** Bytes of the header of a log, and of each frame in it before its page (https://sqlite.org/fileformat2.html, 4.1). */
const headerBytes = { log: 32, frame: 24 } as const;

/**
 * How many commits stand in SQLite's write-ahead log behind a place that can't be read, so that SQLite leaves them out
 * without a word. A power cut may leave some of its last 100 ms, damage any number. The last commit does not count,
 * since a process that is killed between the two parts of a frame leaves it like that, and its write was not done.
 */
export function cutCommits(log: Buffer): number {
  if (log.length <= headerBytes.log) return 0;
  const sums = new Checksum(log);
  sums.add(0, 24);
  // Nothing says then where frames begin, but there was at least one.
  if (!sums.isAt(24)) return 1;
  const pageBytes = log.readUInt32BE(8);
  let isReadable = true;
  let [cut, last] = [0, 0];
  for (let at = headerBytes.log; at < log.length; at += headerBytes.frame + pageBytes) {
    const page = at + headerBytes.frame;
    if (page + pageBytes > log.length) break;
    // Frames of an earlier use of the file have other salts, and are not part of the log any more.
    const isOfThisUse = log.compare(log, 16, 24, at + 8, page - 8) === 0;
    if (isReadable) {
      sums.add(at, at + 8);
      sums.add(page, page + pageBytes);
      isReadable = isOfThisUse && sums.isAt(at + 16);
    }
    if (isReadable || !isOfThisUse) continue;
    const isCommit = log.readUInt32BE(at + 4) !== 0;
    cut += last;
    last = isCommit ? 1 : 0;
  }
  return cut;
}

/** The running checksum of a log (https://sqlite.org/fileformat2.html, 4.2). */
class Checksum {
  readonly #log: Buffer;
  readonly #isLittleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(log: Buffer) {
    this.#log = log;
    this.#isLittleEndian = log.readUInt32BE(0) === 0x377f0682;
  }

  add(from: number, to: number): void {
    const log = this.#log;
    for (let at = from; at < to; at += 8) {
      const one = this.#isLittleEndian ? log.readUInt32LE(at) : log.readUInt32BE(at);
      const other = this.#isLittleEndian ? log.readUInt32LE(at + 4) : log.readUInt32BE(at + 4);
      this.#first = (this.#first + one + this.#second) >>> 0;
      this.#second = (this.#second + other + this.#first) >>> 0;
    }
  }

  /** Whether the log has this checksum in a place. */
  isAt(at: number): boolean {
    return this.#log.readUInt32BE(at) === this.#first && this.#log.readUInt32BE(at + 4) === this.#second;
  }
}
