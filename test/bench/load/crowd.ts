import { Client } from './client.ts';
import type { Opening } from './orders.ts';

/** How many connections are opened at once. */
const atOnce = 50;
/** How long the last texts may take, in milliseconds. */
const restMs = 10_000;

/** The clients of a load, and what they got. */
export class Crowd {
  /** How many texts have come, and how many are to have come when all is at rest. */
  received = 0;
  due = 0;
  /** How many bytes each text has to have. */
  bytes = 0;
  /** Told of each text. */
  onText: (client: Client) => void = () => {};
  clients: Client[] = [];
  #wanted = Number.POSITIVE_INFINITY;
  #wake = (): void => {};

  /** Opens connections, so many at once. */
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

  /** Cuts all connections. */
  close(): void {
    for (const client of this.clients) client.cut();
    this.clients = [];
  }

  /** Resolves once so many texts have come; one caller at a time. */
  async until(count: number): Promise<void> {
    if (this.received >= count) return;
    await new Promise<void>((resolve, reject) => {
      const missing = (): void => reject(new Error(`Of ${count} texts only ${this.received} have come.`));
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
