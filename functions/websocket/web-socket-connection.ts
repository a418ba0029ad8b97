import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { closeFrame, pongFrame } from './frames.ts';
import { Receiver, type ReceiverListener } from './receiver.ts';
import type { Transport, TransportListener } from './transport.ts';
import type { WebSocketListener } from './web-socket-listener.ts';

/** How long a client has to answer a close frame, or to close its side of the connection, in milliseconds. */
const closeMs = 2_000;
/** A pong is written only if at most this many bytes are unsent. Until then, only the latest ping is remembered. */
const unsentForPong = 16_384;
/**
 * How many texts and bytes are taken from one client before others get their turn. The system may have buffered some
 * hundred times as much from a client that floods.
 */
const turn = { texts: 64, bytes: 65_536 } as const;

/** The server's side of one WebSocket (RFC 6455), from after the upgrade to the end of its connection. */
export class WebSocketConnection implements TransportListener, ReceiverListener {
  readonly #transport: Transport;
  readonly #receiver: Receiver;
  #listener: WebSocketListener | undefined;
  /** `closing`: our close frame is out. `over`: whatever still arrives is ignored. */
  #state: 'open' | 'closing' | 'over' = 'open';
  #isPaused = true;
  /** Whether it has yielded its turn to other clients. */
  #isYielding = false;
  #texts = 0;
  /** Bytes that were read but not taken yet, because no more texts are wanted. */
  #rest: Buffer | undefined;
  #hasFin = false;
  #held = 0;
  #pong: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `early` holds the bytes that arrived after the upgrade request. Nothing is read until `start`. */
  constructor(transport: Transport, maxBytes: number, early: Buffer | undefined) {
    this.#transport = transport;
    this.#receiver = new Receiver(this, maxBytes);
    this.#rest = early;
    transport.setListener(this);
  }

  /** How many bytes wait on this side for the client to read. */
  get unsent(): number {
    return this.#transport.unsent;
  }

  /** Starts to read, and to call the listener. */
  start(listener: WebSocketListener): void {
    this.#listener = listener;
    this.resume();
  }

  /** Writes a frame. */
  send(frame: Uint8Array): void {
    this.#transport.write(frame);
  }

  /**
   * Writes an unsolicited pong, as RFC 6455 section 5.5.3 allows. While a client is paused nothing is read, so its end
   * goes unnoticed. If it has gone, the second of these pongs ends the connection.
   */
  probe(): void {
    if (this.#state === 'open' && this.#transport.unsent === 0) this.#transport.write(pongFrame(nothing));
  }

  /** Stops taking texts, and soon stops reading, so that TCP holds the client back. */
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

  /** Starts the closing handshake (RFC 6455 section 7.1.2). Texts that still arrive are dropped. */
  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#transport.write(closeFrame(code, reason));
    this.#expectEnd();
    this.resume();
  }

  /** Fails the connection, as for a client that breaks the protocol. Whatever the client still sends is ignored. */
  fail(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#transport.write(closeFrame(code, reason));
    this.#finish({ code, reason });
  }

  /** Closes the connection without a close frame. */
  destroy(): void {
    this.#transport.destroy();
  }

  data(bytes: Buffer): void {
    if (this.#state === 'over') return;
    // These bytes were already being read when the connection was paused.
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
    // Otherwise our close frame may still be on its way.
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
    // Section 5.5.3: of several unanswered pings it is enough to answer the latest.
    this.#pong = Buffer.from(payload);
    this.#listener?.alive();
  }

  pong(): void {
    this.#listener?.alive();
  }

  closing(code: number, reason: string): void {
    // Section 5.5.2: a ping that arrived before the close frame is answered.
    this.#answerPing();
    // Section 5.5.1: the close frame is answered, usually with the same code.
    if (this.#state === 'open') this.#transport.write(code === 1005 ? closeFrame() : closeFrame(code));
    this.#finish({ code, reason });
  }

  violation(how: CloseCode): void {
    this.#answerPing();
    if (this.#state === 'open') this.#transport.write(closeFrame(how.code, how.reason));
    this.#finish(how);
  }

  /** Takes the bytes that are left, and then resumes reading. */
  #goOn(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    const left = rest === undefined ? 0 : this.#take(rest);
    // A view, since copying here would copy the whole rest again for each text taken.
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

  /** Takes bytes. Returns how many are left because no more texts are wanted for now. */
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

  /** The closing handshake is over. The server closes the TCP connection first (RFC 6455 section 7.1.1). */
  #finish(how: CloseCode): void {
    this.#end(how);
    this.#drop();
    this.#transport.end();
    this.#expectEnd();
    // Read and drop what still arrives, or the client's system might drop what we wrote last.
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
    const wasOpen = this.#state === 'open';
    this.#state = 'over';
    if (wasOpen) this.#listener?.ended(how);
  }

  #expectEnd(): void {
    this.#timer ??= setTimeout(() => this.#transport.destroy(), closeMs);
  }
}

const nothing = Buffer.alloc(0);
