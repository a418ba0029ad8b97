import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';
import { listenOn } from './listen-on.ts';

/** The floor: `ws` alone. A message is sent back at once. A posted text is sent to every client in a bare loop. */
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = createServer(async (request, response) => {
  const { body }: { body: string } = JSON.parse(await text(request));
  for (const socket of sockets.clients) socket.send(body);
  response.end('{}');
});
server.on('upgrade', (request, connection, head) =>
  sockets.handleUpgrade(request, connection, head, (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  }),
);
await listenOn(server, Number(process.env['PORT']));
