import type { Duplex } from 'node:stream';
import type { RequestError, UpgradeServerOptions } from './http-server.ts';
import type { RequestHead } from './request-head.ts';
import { RequestReader } from './request-reader.ts';
import { SimpleRequests } from './simple-requests.ts';
import type { Arrival } from './transport.ts';
import { Upgrade } from './upgrade.ts';

/** How long the first request of a connection may take to show its kind, in milliseconds, as in `node:http`. */
const firstRequestMs = 60_000;
/** How often that is checked, in milliseconds. */
const tidyMs = 1_000;

/** New connections, until it is known who serves them. */
export class Arrivals {
  readonly #options: UpgradeServerOptions;
  readonly #other: (transport: Arrival, read: Buffer) => void;
  readonly #simple: SimpleRequests | undefined;
  /** In the order of arrival, with the time by which each must have shown its kind. */
  readonly #waiting = new Map<Arrival, number>();
  readonly #tidying: NodeJS.Timeout;

  /** `other` gets each connection with its first request that is neither an upgrade nor simple. */
  constructor(options: UpgradeServerOptions, other: (connection: Duplex) => void) {
    this.#options = options;
    this.#other = (transport, read) => other(transport.release(read));
    if (options.simple !== undefined)
      this.#simple = new SimpleRequests(options.simple, options.headBytes, {
        serve: this.#other,
        refuse: (transport) => this.#refuse(transport, 'malformed'),
      });
    this.#tidying = setInterval(() => this.#tidy(), tidyMs).unref();
  }

  /** Takes a new connection. */
  take(transport: Arrival): void {
    this.#waiting.set(transport, performance.now() + firstRequestMs);
    const known = (): boolean => this.#waiting.delete(transport);
    const first = {
      upgrade: (head: RequestHead, early: Buffer): void => {
        known();
        this.#options.upgrade(new Upgrade(transport, head, early));
      },
      other: (read: Buffer): void => {
        known();
        if (this.#simple === undefined) this.#other(transport, read);
        else this.#simple.take(transport, read);
      },
      tooLarge: (): void => {
        known();
        this.#refuse(transport, 'headers_too_large');
      },
      gone: (): void => {
        known();
        transport.destroy();
      },
    };
    transport.setListener(new RequestReader(first, this.#options.headBytes));
  }

  /** Ends the connections that wait, and those whose requests have been simple. */
  stop(): void {
    clearInterval(this.#tidying);
    this.#simple?.stop();
    for (const transport of this.#waiting.keys()) transport.destroy();
    this.#waiting.clear();
  }

  #refuse(transport: Arrival, error: RequestError): void {
    new Upgrade(transport, noHead, nothing).refuse(this.#options.errorResponse(error));
  }

  #tidy(): void {
    const now = performance.now();
    for (const [transport, until] of this.#waiting) {
      if (until > now) break;
      this.#waiting.delete(transport);
      this.#refuse(transport, 'timed_out');
    }
  }
}

const noHead: RequestHead = { method: '', target: '', isNew: true, fields: [] };
const nothing = Buffer.alloc(0);
