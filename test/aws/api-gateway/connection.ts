/**
 * One open connection:
 * - a binary frame is refused with 1003
 * - a message of more than 128 KiB is refused with 1009, however it is fragmented
 */
import type { RawData, WebSocket } from 'ws';
import type { Api } from './api.ts';
import type { ClientFacts } from './client-facts.ts';
import { deliverDisconnect } from './disconnect.ts';
import { clientEnding, type Ending, endings, faultEnding } from './endings.ts';
import { Lifetime } from './lifetime.ts';

/** A WebSocket between its 101 and its end. It ends once; then it is forgotten, and `$disconnect` follows. */
export class Connection {
  readonly client: ClientFacts;
  lastActiveAt: number;
  readonly #api: Api;
  readonly #ws: WebSocket;
  readonly #lifetime: Lifetime;
  readonly #validFrom: number;

  constructor(
    api: Api,
    client: ClientFacts,
    ws: WebSocket,
    receive: (from: Connection, body: string) => void,
  ) {
    this.#api = api;
    this.client = client;
    this.#ws = ws;
    this.lastActiveAt = Date.now();
    const { validAfterMs } = api.faults;
    const waitMs = typeof validAfterMs === 'number' ? validAfterMs : validAfterMs(client.connectionId);
    this.#validFrom = this.lastActiveAt + waitMs;
    this.#lifetime = new Lifetime(api.limits, () => this.close(endings.goingAway));
    api.connections.set(client.connectionId, this);
    ws.on('message', (data: RawData, isBinary) => {
      if (!this.#isOpen) return;
      this.#touch();
      if (isBinary) this.close(endings.binary);
      else receive(this, data.toString());
    });
    ws.on('error', (error) => this.#end(faultEnding(error)));
    ws.on('close', (code, reason) => this.#end(clientEnding(code, reason.toString())));
  }

  /** Whether `@connections` knows it already. */
  get isValid(): boolean {
    return Date.now() >= this.#validFrom;
  }

  /** Sends a text frame; what comes too late is dropped. */
  send(text: string | Buffer): void {
    if (!this.#isOpen) return;
    this.#ws.send(text, { binary: false });
    this.#touch();
  }

  /** Closes it from this side; the client may be told less than `$disconnect` is. */
  close(ending: Ending, reasonToClient = ending.reason): void {
    if (!this.#isOpen) return;
    this.#ws.close(ending.code, reasonToClient);
    this.#end(ending);
  }

  get #isOpen(): boolean {
    return this.#api.connections.get(this.client.connectionId) === this;
  }

  #touch(): void {
    this.lastActiveAt = Date.now();
    this.#lifetime.touch();
  }

  #end(ending: Ending): void {
    this.#lifetime.end();
    if (!this.#isOpen) return;
    this.#api.connections.delete(this.client.connectionId);
    deliverDisconnect(this.#api, this.client, ending);
  }
}
