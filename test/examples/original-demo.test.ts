import { expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { startDemoApp } from '../../infra/local/demo-app.ts';
import { freePort } from '../support/free-port.ts';
import { startLocal, testSecrets } from '../support/local.ts';
import { otherPaths, samePaths } from '../wire/escaped-urls.ts';
import { postThroughProxy } from './signed.ts';

test('takes a hook however a proxy escapes its path, and refuses it at another', async () => {
  const world = await startLocal({});
  const port = await freePort();
  const app = await startDemoApp(port, appEnvironment(world.gateway, testSecrets));
  try {
    for (const [path, arrives] of samePaths)
      expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 204]);
    for (const [path, arrives] of otherPaths)
      expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 401]);
  } finally {
    await app.stop();
    await world.stop();
  }
});
