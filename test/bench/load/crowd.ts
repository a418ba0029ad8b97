import { Client } from './client.ts';
import type { Opening } from './orders.ts';

/** How many connections are opened at a time. */
const atOnce = 50;
/** How long the last texts may take to arrive, in milliseconds. */
const restMs = 10_000;

/** The clients of a load, and the number of texts that they got. */
export class Crowd {
  /** How many texts have arrived, and how many must have arrived in the end. */
  received = 0;
  due = 0;
  /** The required length of each text, in bytes. */
  bytes = 0;
  /** Called for each text. */
  onText: (client: Client) => void = () => {};
  clients: Client[] = [];
  #wanted = Number.POSITIVE_INFINITY;
  #wake = (): void => {};

  /** Opens connections, several at a time. */
  async open({ url, count }: Opening): Promise<void> {
    let opened = 0;
    const work = async (): Promise<void> => {
      while (opened < count) {
        const number = opened++;
        const one = new URL(url.replace('%n', String(number)));
        this.clients.push(await Client.open(one, (client, bytes) => this.#take(client, bytes)));
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work));
  }

  /** Resets all connections. */
  close(): void {
    for (const client of this.clients) client.cut();
    this.clients = [];
  }

  /** Resolves once `count` texts have arrived. One caller at a time. */
  async until(count: number): Promise<void> {
    if (this.received >= count) return;
    await new Promise<void>((resolve, reject) => {
      const missing = (): void => reject(new Error(`Only ${this.received} of ${count} texts have arrived.`));
      const timer = setTimeout(missing, restMs);
      this.#wanted = count;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wanted = Number.POSITIVE_INFINITY;
        resolve();
      };
    });
  }

  #take(client: Client, bytes: number): void {
    if (bytes !== this.bytes) throw new Error(`A text has ${bytes} bytes instead of ${this.bytes}.`);
    this.received += 1;
    this.onText(client);
    if (this.received >= this.#wanted) this.#wake();
  }
}
