import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { closeFrame, pongFrame } from './frames.ts';
import { Receiver, type ReceiverListener } from './receiver.ts';
import type { Transport, TransportListener } from './transport.ts';
import type { WebSocketListener } from './web-socket-listener.ts';

/** How long a client has to answer a close frame, or to end a connection that is over, in milliseconds. */
const closeMs = 2_000;
/** How much may wait to be sent for a pong to join it, in bytes; until less waits, the latest ping is the one to answer. */
const unsentForPong = 16_384;
/**
 * How many texts of one client, and how many bytes, are taken before others have their turn: what the system has ready
 * of a client that floods is some hundred times as much.
 */
const turn = { texts: 64, bytes: 65_536 } as const;

/** The server's side of one WebSocket (RFC 6455), from behind the upgrade to the end of its connection. */
export class WebSocketConnection implements TransportListener, ReceiverListener {
  readonly #transport: Transport;
  readonly #receiver: Receiver;
  #listener: WebSocketListener | undefined;
  /** `closing`: our close frame is out. `over`: nothing that comes matters. */
  #state: 'open' | 'closing' | 'over' = 'open';
  #isPaused = true;
  /** Whether it is the turn of others. */
  #isYielding = false;
  #texts = 0;
  /** What was read and is not taken yet, since no more texts are wanted. */
  #rest: Buffer | undefined;
  #hasFin = false;
  #held = 0;
  #pong: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `early` is what came behind the upgrade. Nothing is read until `start`. */
  constructor(transport: Transport, maxBytes: number, early: Buffer | undefined) {
    this.#transport = transport;
    this.#receiver = new Receiver(this, maxBytes);
    this.#rest = early;
    transport.setListener(this);
  }

  /** Bytes that the client has not read, as far as they wait on this side. */
  get unsent(): number {
    return this.#transport.unsent;
  }

  /** Begins to hear. */
  start(listener: WebSocketListener): void {
    this.#listener = listener;
    this.resume();
  }

  /** Writes a frame of its own. */
  send(frame: Uint8Array): void {
    this.#transport.write(frame);
  }

  /**
   * Writes a pong that nobody asked for, as RFC 6455 section 5.5.3 allows. Of a client that is paused nothing is read, not
   * even that it has gone; the second of these that is written to one that has gone ends the connection.
   */
  probe(): void {
    if (this.#state === 'open' && this.#transport.unsent === 0) this.#transport.write(pongFrame(nothing));
  }

  /** Takes no more texts, and soon reads nothing more, so that TCP holds the client back. */
  pause(): void {
    if (this.#isPaused || this.#state !== 'open') return;
    this.#isPaused = true;
    this.#transport.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isYielding) this.#goOn();
  }

  /** Begins to end it (RFC 6455 section 7.1.2); texts that still come are dropped. */
  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#transport.write(closeFrame(code, reason));
    this.#expectEnd();
    this.resume();
  }

  /** Ends it as one does with a client that breaks the protocol: nothing of what it still sends is looked at. */
  fail(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#transport.write(closeFrame(code, reason));
    this.#finish({ code, reason });
  }

  /** Ends its connection without a word. */
  destroy(): void {
    this.#transport.destroy();
  }

  data(bytes: Buffer): void {
    if (this.#state === 'over') return;
    // What was under way when the connection was paused.
    if (this.#isPaused || this.#isYielding) this.#rest = Buffer.concat([this.#rest ?? nothing, bytes]);
    else {
      const left = this.#take(bytes);
      if (left > 0) this.#rest = Buffer.from(bytes.subarray(bytes.length - left));
      if (left > 0 || bytes.length >= turn.bytes) this.#yield();
    }
    this.#weigh();
  }

  ended(): void {
    this.#hasFin = true;
    if (this.#rest !== undefined) return;
    const wasOpen = this.#state === 'open';
    this.#end(closeCodes.abnormal);
    // Else a close frame of ours may still be on its way.
    if (wasOpen) this.#transport.destroy();
    else this.#transport.end();
  }

  drained(): void {
    this.#answerPing();
  }

  closed(): void {
    clearTimeout(this.#timer);
    this.#end(closeCodes.abnormal);
    this.#drop();
    this.#listener?.closed();
  }

  text(text: string, bytes: number): boolean {
    this.#texts += 1;
    if (this.#state === 'open') this.#listener?.message(text, bytes);
    return !this.#isPaused && this.#texts < turn.texts;
  }

  ping(payload: Buffer): void {
    // Section 5.5.3: of several pings that are not answered yet it is enough to answer the latest.
    this.#pong = Buffer.from(payload);
    this.#listener?.alive();
  }

  pong(): void {
    this.#listener?.alive();
  }

  closing(code: number, reason: string): void {
    // Section 5.5.2: a ping that came before it is answered.
    this.#answerPing();
    // Section 5.5.1: it is answered, usually with the code that it had.
    if (this.#state === 'open') this.#transport.write(code === 1005 ? closeFrame() : closeFrame(code));
    this.#finish({ code, reason });
  }

  violation(how: CloseCode): void {
    this.#answerPing();
    if (this.#state === 'open') this.#transport.write(closeFrame(how.code, how.reason));
    this.#finish(how);
  }

  /** Takes what is left, and then reads on. */
  #goOn(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    const left = rest === undefined ? 0 : this.#take(rest);
    // Where it is, since each text that is taken would cost a copy of all behind it.
    if (rest !== undefined && left > 0) this.#rest = rest.subarray(rest.length - left);
    this.#weigh();
    if (this.#isPaused) return;
    if (left > 0) this.#yield();
    else {
      this.#transport.resume();
      if (this.#hasFin) this.ended();
    }
  }

  #yield(): void {
    if (this.#isPaused || this.#state === 'over') return;
    this.#isYielding = true;
    this.#transport.pause();
    setImmediate(() => {
      this.#isYielding = false;
      if (!this.#isPaused) this.#goOn();
    });
  }

  /** How many of these bytes are left, since no more texts are wanted for now. */
  #take(bytes: Buffer): number {
    this.#texts = 0;
    const at = this.#receiver.take(bytes, 0);
    this.#answerPing();
    return this.#state === 'over' ? 0 : bytes.length - at;
  }

  #answerPing(): void {
    if (this.#pong === undefined || this.#transport.unsent > unsentForPong) return;
    if (this.#state === 'open') this.#transport.write(pongFrame(this.#pong));
    this.#pong = undefined;
  }

  /** Both sides have said what they had to: the server ends the connection first (RFC 6455 section 7.1.1). */
  #finish(how: CloseCode): void {
    this.#end(how);
    this.#drop();
    this.#transport.end();
    this.#expectEnd();
    // What still comes is read and dropped, else the client's system might drop what we wrote last.
    this.#isPaused = false;
    this.#transport.resume();
  }

  #drop(): void {
    this.#rest = undefined;
    this.#receiver.stop();
    this.#weigh();
  }

  #weigh(): void {
    const grown = this.#receiver.held + (this.#rest?.length ?? 0) - this.#held;
    if (grown === 0) return;
    this.#held += grown;
    this.#listener?.held(grown);
  }

  #end(how: CloseCode): void {
    const isNews = this.#state === 'open';
    this.#state = 'over';
    if (isNews) this.#listener?.ended(how);
  }

  #expectEnd(): void {
    this.#timer ??= setTimeout(() => this.#transport.destroy(), closeMs);
  }
}

const nothing = Buffer.alloc(0);
