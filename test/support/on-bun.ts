import { dialByBun } from '../../functions/bun/bun-client-transport.ts';

/** Whether this test itself runs on Bun. `docs/operations.md` says what differs there. */
export const isOnBun = process.versions['bun'] !== undefined;

/** How the gateway connects to its app on this runtime. */
export const dialing = isOnBun ? { dialTcp: dialByBun } : {};
