import { request } from 'node:http';

/** Posts to a target exactly as given, where `fetch` would normalise it. Resolves to the status. */
export function postAsIs(
  port: number,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = { 'Content-Length': String(Buffer.byteLength(body)) };
    const sent = request({
      host: '127.0.0.1',
      port,
      path: target,
      method: 'POST',
      headers: { ...headers, ...length },
    });
    sent.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.end(body);
  });
}
