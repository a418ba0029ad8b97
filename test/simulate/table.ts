import type { Dynamo } from '../../functions/aws/dynamo/calls.ts';
import { MemoryDynamo, memoryTables } from '../fakes/memory-dynamo.ts';
import type { Crowd } from './crowd.ts';
import type { Random } from './random.ts';

/** How many records stand in the megabyte of a Scan's page: 300 bytes each. */
const perPage = 3_500;

/** How long DynamoDB takes, in milliseconds: for one item, and for a page of a Scan with its filter and its parsing. */
const times = { item: { median: 5, spread: 0.4 }, page: { median: 120, spread: 0.3 } };

/** The input of the operations that this looks into. */
interface Input {
  readonly TableName: string;
  readonly Key?: { readonly socket?: { readonly S: string } };
  readonly ExclusiveStartKey?: { readonly socket: { readonly S: string } };
  readonly Segment?: number;
  readonly TotalSegments?: number;
  readonly Limit?: number;
}

/** DynamoDB: a table of any number of sockets, which are stored when they are first changed, and the other tables. */
export class Tables {
  reads = 0;
  writes = 0;
  readonly #memory = new MemoryDynamo();
  readonly #random: Random;
  readonly #crowd: Crowd;
  readonly #stored = new Set<number>();

  constructor(random: Random, crowd: Crowd) {
    this.#random = random;
    this.#crowd = crowd;
  }

  /** How a run of a function sees the tables: each call takes time, and `scanned` is told how many records it got. */
  seenBy(sleep: (ms: number) => Promise<void>, scanned: (records: number) => void): Dynamo {
    return {
      run: async (operation, given) => {
        const input = given as Input;
        const isScan = operation === 'Scan';
        const ms = this.#random.time(isScan ? times.page : times.item);
        await sleep(ms / 2);
        const output = isScan ? this.#scan(input) : await this.#run(operation, input);
        await sleep(ms / 2);
        if (isScan) scanned((output as { readonly Items: readonly unknown[] }).Items.length);
        return output;
      },
    };
  }

  /** A segment has every fourth socket, in the order of their numbers, if there are four. DynamoDB: 4 KB a read unit. */
  #scan({ Segment = 0, TotalSegments = 1, ExclusiveStartKey, Limit = perPage }: Input): unknown {
    const after = ExclusiveStartKey && this.#crowd.indexOf(ExclusiveStartKey.socket.S);
    const Items: unknown[] = [];
    const looked = Math.min(perPage, Limit);
    let index = after === undefined ? Segment : after + TotalSegments;
    for (let seen = 0; seen < looked && index < this.#crowd.size; seen++, index += TotalSegments) {
      // Sockets are only changed when they end, and a Scan leaves those out.
      if (!this.#stored.has(index)) Items.push(this.#crowd.itemOf(index));
    }
    this.reads += Math.max(1, (looked * 300) / 4_096);
    const last = this.#crowd.at(index - TotalSegments);
    return { Items, ...(index < this.#crowd.size ? { LastEvaluatedKey: { socket: { S: last } } } : {}) };
  }

  async #run(operation: string, input: Input): Promise<unknown> {
    if (operation === 'GetItem' || operation === 'Query') this.reads += 1;
    else this.writes += 1;
    const socket = input.TableName === memoryTables.name ? input.Key?.socket?.S : undefined;
    if (socket !== undefined) await this.#store(this.#crowd.indexOf(socket));
    return this.#memory.run(operation, input);
  }

  async #store(index: number): Promise<void> {
    if (this.#stored.has(index)) return;
    this.#stored.add(index);
    await this.#memory.run('PutItem', { TableName: memoryTables.name, Item: this.#crowd.itemOf(index) });
  }
}
