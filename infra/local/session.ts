import type { Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import type { Posted } from '../../functions/gateway/ports.ts';
import { disconnect } from '../../functions/gateway/relay/disconnect.ts';
import { message } from '../../functions/gateway/relay/message.ts';
import { type CloseCode, closeCodes } from '../../functions/wire/close-codes.ts';
import { isPing } from '../../functions/wire/ping.ts';
import { byteLength } from '../../functions/wire/printable.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { newId } from './ids.ts';
import type { Lane } from './lane.ts';

/** What nearly every post comes to. */
const posted: Posted = { kind: 'posted' };

/** What may wait in a session before its client is paused or given up, in messages and bytes. */
export interface SessionLimits {
  readonly waitingMessages: number;
  readonly waitingBytes: number;
  /** Bytes that the client has not read. */
  readonly unsentBytes: number;
}

/**
 * One open WebSocket: brings its messages to the relay one after another, and tells once how it ended. While more
 * waits than the limits say, nothing is read from the client, so that TCP holds it back; what had been read by then,
 * 64 KiB at the most, still counts.
 */
export class Session {
  readonly socket: SocketId;
  /** On the monotonic clock. */
  readonly openedAt: number;
  /** The same. */
  lastActive: number;
  readonly #gateway: Gateway;
  readonly #ws: WebSocket;
  readonly #connection: Writable;
  readonly #lane: Lane;
  readonly #limits: SessionLimits;
  #waitingMessages = 0;
  #waitingBytes = 0;
  #ended = false;
  #told: Promise<void> = Promise.resolve();
  #deaf = false;

  /** `connection` is the one that `ws` speaks on; nothing else is written to it. */
  constructor(
    gateway: Gateway,
    socket: SocketId,
    { ws, connection }: { readonly ws: WebSocket; readonly connection: Writable },
    lane: Lane,
    limits: SessionLimits,
  ) {
    this.socket = socket;
    this.#gateway = gateway;
    this.#ws = ws;
    this.#connection = connection;
    this.#lane = lane;
    this.#limits = limits;
    this.openedAt = gateway.clock.monotonic();
    this.lastActive = this.openedAt;
    ws.on('message', (data, isBinary) => this.#receive(data, isBinary));
    ws.on('error', (error) => this.#tell(closeCodeOf(error)));
    ws.on('close', (code, reason) => this.#tell({ code, reason: reason.toString() }));
  }

  /**
   * Writes the frame of a text to the connection, as it is: without compression `ws` keeps nothing back that it could
   * overtake. A client that has left too much unread is closed with 1008.
   */
  post(frame: Uint8Array): Posted {
    if (this.#ended || this.#ws.readyState !== this.#ws.OPEN) return { kind: 'ending' };
    if (this.#ws.bufferedAmount > this.#limits.unsentBytes) {
      void this.end(closeCodes.slowReader);
      return { kind: 'failed', code: 'slow_client' };
    }
    this.#connection.write(frame);
    this.lastActive = this.#gateway.clock.monotonic();
    return posted;
  }

  /**
   * Ends the session from this side: its end is told at once, what its client has sent until now still counts.
   * Resolves when the closed hook is queued, whoever ended the session.
   */
  end(how: CloseCode): Promise<void> {
    if (!this.#ended) {
      this.#tell(how);
      this.#ws.close(how.code, how.reason);
      this.#ws.resume();
    }
    return this.#told;
  }

  /** Ends the session because the app wants it to: what waits is dropped too. */
  cut(): Promise<void> {
    this.#deaf = true;
    return this.end(closeCodes.normal);
  }

  /** Ends the connection without a close frame. */
  terminate(): void {
    this.#ws.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    const time = this.#gateway.clock.now();
    this.lastActive = this.#gateway.clock.monotonic();
    // API Gateway refuses binary frames with 1003.
    if (isBinary) void this.end(closeCodes.unsupported);
    else this.#relay(data.toString(), time);
  }

  #relay(body: string, time: number): void {
    if (isPing(body)) return;
    const bytes = byteLength(body);
    const id = newId();
    this.#wait(1, bytes);
    this.#lane.push(async () => {
      try {
        if (!this.#deaf) await message(this.#gateway, { socket: this.socket, id, body, time });
      } finally {
        this.#wait(-1, -bytes);
      }
    }, `message_${id}`);
  }

  #wait(messages: number, bytes: number): void {
    this.#waitingMessages += messages;
    this.#waitingBytes += bytes;
    const { waitingMessages, waitingBytes } = this.#limits;
    const isFull = this.#waitingMessages >= waitingMessages || this.#waitingBytes >= waitingBytes;
    if (isFull === this.#ws.isPaused) return;
    if (isFull && !this.#ended) this.#ws.pause();
    else this.#ws.resume();
  }

  #tell(how: Pick<CloseCode, 'code' | 'reason'>): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#told = disconnect(this.#gateway, this.socket, how).then(
      () => {},
      (fault: unknown) =>
        this.#gateway.log.error('fault', { request: `closed_${this.socket}`, why: String(fault) }),
    );
  }
}

/** The close code that `ws` answers a client's fault with; a fault of the transport has none. */
function closeCodeOf(error: Error): CloseCode {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return closeCodes.tooBig;
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return closeCodes.tooManyParts;
  if (code === 'WS_ERR_INVALID_UTF8') return closeCodes.invalidText;
  return code.startsWith('WS_ERR_') ? closeCodes.protocolError : closeCodes.abnormal;
}
