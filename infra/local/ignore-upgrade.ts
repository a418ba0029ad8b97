import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Headers of the hop that speak of the upgrade. */
const ofUpgrade = /^(?:upgrade|http2-settings|connection)$/i;

/**
 * Answers a request that offers an upgrade to something else, such as `h2c`, as if it had not: RFC 9110 section 7.8
 * lets a server ignore the offer, but Node.js hands every upgrade over. So the request is put back without it.
 */
export function ignoreUpgrade(
  server: Server,
  request: IncomingMessage,
  connection: Duplex,
  head: Buffer,
): void {
  const { method, url, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!ofUpgrade.test(name)) lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  connection.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', connection);
}
