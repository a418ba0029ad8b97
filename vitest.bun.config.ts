import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests on Node.js, whose gateways run on Bun, each in a process of its own. */
const outside = [
  'test/bun/**/*.test.ts',
  'test/local/{app-answers,contract,descriptors,follow-secrets,health,kills,limits}.test.ts',
  'test/local/{refusals,request-heads,simple-calls,smuggling,stop,upgrade}.test.ts',
  'test/websocket/{autobahn,told}.test.ts',
];
/** Tests that run on Bun themselves: the server with its raw bytes, the ports, and hooks over HTTP and TLS. */
const inside = [
  'test/websocket/{simple-requests,upgrade-server}.test.ts',
  'test/local/ports.test.ts',
  'test/node/{http-app,http-app-tls,kept-connections,waiting-hooks}.test.ts',
];

/** `--mode inside` is for a vitest that runs on Bun. */
export default defineConfig(({ mode }) => ({
  resolve: { alias: { sockethook: fileURLToPath(new URL('sdk/index.ts', import.meta.url)) } },
  test: {
    ...(mode === 'inside' ? { include: inside } : { include: outside, env: { SOCKETHOOK_TEST_ON: 'bun' } }),
    maxWorkers: 2,
    // What waits in vain says for what after half a minute; this is for work, on a machine that is busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One second, the default, is over before a process begins on a machine that is busy.
    expect: { poll: { timeout: 10_000 } },
  },
}));
