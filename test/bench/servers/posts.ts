import { createServer, type TLSSocket } from 'node:tls';
import { answer } from '../measure/questions.ts';
import { listenOn } from './listen-on.ts';

/** How long it takes over a post, in milliseconds. */
let latencyMs = 10;

/**
 * A timer ends with a millisecond, so that a server with timers answers many posts in one go, and its clients get into
 * step with it. For the last milliseconds this one looks at the clock instead, again and again.
 */
const watchedMs = 2;

/** A post that is here: when it arrived, and when its answer is due. */
interface Post {
  readonly socket: TLSSocket;
  readonly at: number;
  readonly due: number;
}

const response = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
let posts: Post[] = [];
let isWaiting = false;
let took = { posts: 0, ms: 0 };

/** @connections over TLS, which accepts every post, and answers some time after it is here. */
const server = createServer({ key: process.env['TLS_KEY'], cert: process.env['TLS_CERT'] }, (socket) => {
  let text = '';
  socket.setNoDelay(true).on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    // A client sends no other request before it has the answer.
    if (!isWhole(text)) return;
    text = '';
    const at = performance.now();
    posts.push({ socket, at, due: at + latencyMs });
    if (!isWaiting) wait();
  });
});
const port = listenOn(server, 0);

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0;
  return end >= 0 && text.length === end + 4 + Number(length);
}

function wait(): void {
  const [first] = posts;
  isWaiting = first !== undefined;
  if (first === undefined) return;
  const left = first.due - performance.now();
  if (left > watchedMs) setTimeout(answerThoseDue, Math.floor(left - watchedMs / 2));
  else setImmediate(answerThoseDue);
}

function answerThoseDue(): void {
  let answered = 0;
  for (const { socket, at, due } of posts) {
    if (due > performance.now()) break;
    if (!socket.destroyed) socket.write(response);
    took = { posts: took.posts + 1, ms: took.ms + performance.now() - at };
    answered += 1;
  }
  if (answered > 0) posts = posts.slice(answered);
  wait();
}

answer({
  port: () => port,
  /** From now on it answers after this many milliseconds. */
  setLatency: (ms) => {
    latencyMs = Number(ms);
  },
  /** How long it took over the posts since the last time that it was asked, on average, in milliseconds. */
  latency: () => {
    const { posts: count, ms } = took;
    took = { posts: 0, ms: 0 };
    return ms / count;
  },
});
