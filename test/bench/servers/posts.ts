import { createServer } from 'node:https';
import { answer } from '../measure/questions.ts';
import { listenOn } from './listen-on.ts';

/** How long it takes over a post, in milliseconds. */
const latencyMs = 10;

/** @connections over TLS, which accepts every post, and answers some time after it is here. */
const server = createServer(
  { key: process.env['TLS_KEY'], cert: process.env['TLS_CERT'], keepAliveTimeout: 60_000 },
  (request, response) => {
    const end = (): unknown => response.writeHead(200, { 'content-length': 0 }).end();
    request.resume().on('end', () => setTimeout(end, latencyMs));
  },
);
const port = listenOn(server, 0);

answer({ port: () => port });
