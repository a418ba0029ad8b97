import { blockPlaces, type Kept } from './record-block.ts';
import type { Change } from './store.ts';
import { recordText } from './stored.ts';
import { chunkKey } from './stored-keys.ts';

/**
 * The most that one chunk has. A record that is kept keeps its whole chunk in the store, so the bytes bound what
 * clients that end at different times can leave there.
 */
const most = { records: 64, characters: 16_384 };

/** Records that are written under one key. */
export interface RecordChunk {
  /** The place of the first one. The others follow. */
  readonly place: number;
  readonly records: readonly Kept[];
  readonly change: Change;
}

/** Cuts records into chunks, the first of which begins at a place. A chunk is in one block. */
export function chunksOf(records: readonly Kept[], from: number): readonly RecordChunk[] {
  const chunks: RecordChunk[] = [];
  let [begun, characters] = [0, 0];
  let texts: string[] = [];
  for (const [at, { record }] of records.entries()) {
    const text = recordText(record);
    const isFull = texts.length === most.records || characters + text.length > most.characters;
    if (texts.length > 0 && (isFull || (from + at) % blockPlaces === 0)) {
      chunks.push(chunk(from + begun, records.slice(begun, at), texts));
      [begun, characters, texts] = [at, 0, []];
    }
    texts.push(text);
    characters += text.length;
  }
  if (texts.length > 0) chunks.push(chunk(from + begun, records.slice(begun), texts));
  return chunks;
}

function chunk(place: number, records: readonly Kept[], texts: readonly string[]): RecordChunk {
  return { place, records, change: { key: chunkKey(place), value: Buffer.from(`[${texts.join(',')}]`) } };
}
