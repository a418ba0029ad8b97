import { resolve } from 'node:path';

/** Whether the gateways of this test run on Bun, each in a process of its own. `npm run test:bun` sets the variable. */
export const runsGatewaysOnBun = process.env['SOCKETHOOK_TEST_ON'] === 'bun';

/** The command that runs a program which is, or has, such a gateway. */
export const runtime = runsGatewaysOnBun ? resolve('node_modules/.bin/bun') : process.execPath;
