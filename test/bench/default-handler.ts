import type { Bench, Effort, Table } from './bench.ts';
import { bundle, doorFile } from './bundles.ts';
import { Child } from './measure/child.ts';
import { median } from './measure/median.ts';
import { type Steps, shares } from './measure/shares.ts';
import { percent } from './report/markdown.ts';
import { handlerEnvironment, sdkQuiet } from './servers/handler-environment.ts';
import { text128 } from './shapes.ts';
import { apiKey } from './subjects/api-key.ts';

const steps: Steps = [
  ['SDK: the clients of AWS', /^node_modules\/(?:@aws-sdk|@smithy|@aws-crypto|uuid|tslib|fast-xml)/],
  [
    'signing, the hook and what goes to AWS',
    /functions\/aws\/client\/(?:signer|service-key)|functions\/wire\/(?:sign|hmac)/,
  ],
  [
    'the table and its items',
    /functions\/aws\/(?:dynamo|client\/(?:json-protocol|aws)|basics|connections\/sdk)/,
  ],
  ['@connections', /functions\/aws\/connections\//],
  ['HTTP and its sockets', /functions\/(?:http|node)\/|functions\/aws\/client\/https-|answer-reader/],
  ['writing the hook', /functions\/wire\/(?:hook|formats)/],
  ['reading documents', /^node_modules\/valibot|functions\/wire\//],
  ['the HTTP call', /functions\/gateway\/api/],
  ['the relay and the handlers', /functions\//],
];

/** An event of `$default` and one of `POST /send`, as API Gateway sends them. */
const events = {
  default: (connectionId: string) => ({
    body: text128,
    requestContext: {
      ...{ connectionId, eventType: 'MESSAGE', messageId: 'message=', requestId: 'request=' },
      requestTimeEpoch: Date.now(),
    },
  }),
  send: (sockets: string) => ({
    ...{ routeKey: 'POST /send', rawQueryString: '', isBase64Encoded: false },
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sockets, body: text128 }),
    requestContext: { requestId: 'request=' },
  }),
} as const;

/**
 * The CPU cost of a message in the bundled `default` handler, from event to hook to answer, and of a send in `send`.
 */
export const defaultHandler: Bench = {
  name: 'default-handler',
  run: async (effort) => {
    const app = new Child({ file: new URL('./servers/app.ts', import.meta.url), env: { API_KEY: apiKey } });
    const services = new Child({ file: new URL('./servers/services.ts', import.meta.url), env: sdkQuiet });
    try {
      const { socket, environment } = await services.ask<Started>('started');
      const WEBHOOK_BASE_URL = `http://127.0.0.1:${await app.ask<number>('port')}/reply`;
      const env = { ...handlerEnvironment, ...environment, WEBHOOK_BASE_URL };
      const tables = [
        await measure('default', 'message', { env, event: events.default(socket) }, effort),
        await measure('send', 'send', { env, event: events.send(socket) }, effort),
      ];
      return { tables, targets: [] };
    } finally {
      await app.stop();
      await services.stop();
    }
  },
};

interface Started {
  readonly socket: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** One event at a time, as in Lambda. */
async function measure(
  name: 'default' | 'send',
  thing: string,
  { env, event }: { readonly env: Readonly<Record<string, string>>; readonly event: object },
  { rounds, isQuick }: Effort,
): Promise<Table> {
  const { [name]: bundled } = await bundle({ [name]: { file: doorFile(name) } }, { isMinified: false });
  const file = bundled?.file ?? '';
  const handler = new Child({
    file: new URL('./servers/handler.ts', import.meta.url),
    env: { ...env, HANDLER: file },
  });
  try {
    const order = { event, count: isQuick ? 500 : 2_000 };
    await handler.ask('run', order);
    const costs: number[] = [];
    for (let round = 0; round < rounds; round++) costs.push(await handler.ask('run', order));
    const cost = median(costs);
    const parts = shares(await handler.ask('profile', order), file, steps);
    return {
      title: `\`${name}\`: ${cost.toFixed(0)} CPU µs per ${thing}`,
      head: ['', 'share', 'CPU µs'],
      rows: [...parts].map(([step, part]) => [step, percent(part), (part * cost).toFixed(0)]),
    };
  } finally {
    await handler.stop();
  }
}
