import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true });

/** Posts over a kept-alive connection. Rejects unless the answer is a 2xx. */
export function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      response.on('end', () =>
        statusCode < 300 ? resolve() : reject(new Error(`${url} answered ${statusCode}.`)),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
