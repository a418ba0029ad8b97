import type { RequestHead } from '../../functions/websocket/request-head.ts';
import type { Transport, TransportListener } from '../../functions/websocket/transport.ts';
import { close, text } from '../websocket/client-frames.ts';
import { readServerFrames } from '../websocket/server-frames.ts';
import type { Client, Ledger } from './ledger.ts';
import type { Mortal, Timeline } from './timeline.ts';

/** What a client needs from its world. */
interface Surroundings {
  readonly timeline: Timeline;
  readonly ledger: Ledger;
  /** The process that it is connected to. */
  readonly process: Mortal;
}

/** A client of a local gateway, with its side of a TCP connection. */
export class ModelClient implements Transport {
  readonly peer = '192.0.2.1';
  readonly unsent = 0;
  readonly client: Client;
  /** `closing`: the gateway has said that it closes. */
  #state: 'connecting' | 'open' | 'closing' | 'gone' = 'connecting';
  readonly #around: Surroundings;
  #listener: TransportListener | undefined;
  #read = Buffer.alloc(0);

  constructor(client: Client, around: Surroundings) {
    this.client = client;
    this.#around = around;
  }

  /** Its request for a WebSocket. */
  get head(): RequestHead {
    return {
      method: 'GET',
      target: `${this.client.path}?n=${this.client.number}`,
      isNew: true,
      fields: [
        ...['Host', 'gateway.example', 'Upgrade', 'websocket', 'Connection', 'Upgrade'],
        ...['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13'],
      ],
    };
  }

  get isGone(): boolean {
    return this.#state === 'gone' || this.#around.process.isDead;
  }

  /** Sends a text with this wish, if it is connected. */
  talk(wish: string): void {
    if (this.#state !== 'open' || this.isGone) return;
    const { number, sent } = this.client;
    const index = sent.length;
    sent.push({ index, at: this.#around.timeline.time });
    this.#listener?.data(text(`${number}/${index}/${wish}`));
  }

  /** Closes its WebSocket. */
  close(): void {
    if (this.#state === 'connecting') this.vanish();
    else if (this.#state === 'open' && !this.isGone) {
      this.client.endedAt ??= this.#around.timeline.time;
      this.#listener?.data(close(1000));
    }
  }

  /** Goes without a word. */
  vanish(): void {
    if (this.isGone) return;
    this.client.endedAt ??= this.#around.timeline.time;
    this.#state = 'gone';
    this.#listener?.ended();
    this.#later(() => this.#listener?.closed());
  }

  setListener(listener: TransportListener): void {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    if (this.isGone) return;
    if (this.#state === 'connecting') return;
    const { frames, taken } = readServerFrames(Buffer.concat([this.#read, bytes]));
    this.#read = Buffer.concat([this.#read, bytes]).subarray(taken);
    for (const { opcode, payload } of frames) {
      if (opcode === 1) this.#hear(payload.toString());
      if (opcode === 8) this.#answerClose();
    }
  }

  writeText(head: string): void {
    if (head.startsWith('HTTP/1.1 101') && this.#state === 'connecting' && !this.isGone) this.#state = 'open';
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.#finish();
  }

  destroy(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.#state === 'gone') return;
    this.client.goneAt ??= this.#around.timeline.time;
    this.#state = 'gone';
    this.#later(() => {
      this.#listener?.ended();
      this.#listener?.closed();
    });
  }

  #answerClose(): void {
    if (this.#state !== 'open') return;
    this.client.goneAt ??= this.#around.timeline.time;
    this.#state = 'closing';
    this.#later(() => this.#listener?.data(close(1000)));
  }

  #hear(body: string): void {
    if (body !== `for ${this.client.socket}`)
      this.#around.ledger.violate(`client ${this.client.number} got what was "${body}"`);
  }

  #later(happen: () => void): void {
    this.#around.timeline.after(0, happen, this.#around.process);
  }
}
