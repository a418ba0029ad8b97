import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ReliableSocket, type Url } from '../../sdk/client/index.ts';
import { doc } from '../readme/page.ts';
import { startLocal } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';

test('the code for pages connects by the URL that the app gives, sends and hears, and stops when it is logged out', async () => {
  const world = await startLocal();
  world.app.on('/room', ({ fields }) =>
    fields['event'] === 'message' ? actions({ reply: 'hi', close: true }) : 204,
  );
  const [shown = ''] = doc('clients').code('A client that reconnects', 'js');
  const { code } = transformSync(shown, { format: 'cjs' });
  const statuses = [503, 200, 401];
  const fetch = async (): Promise<Response> =>
    Response.json({ url: `${world.url}/room` }, { status: statuses.shift() ?? 401 });
  class NodeSocket extends ReliableSocket {
    constructor(url: Url) {
      super(url, { WebSocket: WebSocket as never, firstPauseMs: 1 });
    }
  }
  const said: unknown[][] = [];
  await new Promise<void>((resolve) => {
    const log = (...args: unknown[]): void => {
      said.push(args);
      if (args[0] === 'gone for good') resolve();
    };
    new Function('require', 'module', 'fetch', 'console', code)(
      () => ({ ReliableSocket: NodeSocket }),
      {},
      fetch,
      { log },
    );
  });
  expect(said[0]).toMatchObject([
    'waiting',
    expect.any(Number),
    undefined,
    { message: 'the app answered 503' },
  ]);
  expect(said.map(([first]) => first)).toEqual([
    ...['waiting', 'connecting', 'open', 'hi', 'closed', 'gone for good'],
  ]);
  await world.stop();
});
