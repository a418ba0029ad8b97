import { createBunServer } from '../../functions/bun/bun-server.ts';
import { Warned } from '../../functions/gateway/log.ts';
import type { Log } from '../../functions/gateway/ports.ts';
import { type LocalGateway, startGateway } from '../../functions/local/gateway.ts';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import { parseSettings } from '../../functions/local/settings.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { type FromGateway, read, type ToGateway, written } from './orders.ts';

// The gateway under test, in a process of Bun. It obeys the test that has started it.

const warned = new Warned();
const log: Log = {
  info: (event, fields) => tell({ kind: 'logged', level: 'info', event, fields }),
  warn: (event, fields) => tell({ kind: 'logged', level: 'warn', event, fields }),
  warnOnce: (event, fields, of) => {
    if (warned.isFirst(event, of)) log.warn(event, fields);
  },
  error: (event, fields) => tell({ kind: 'logged', level: 'error', event, fields }),
};
let gateway: LocalGateway | undefined;

function tell(news: FromGateway): void {
  process.send?.(written(news));
}

async function start(order: ToGateway & { readonly kind: 'start' }): Promise<void> {
  const { environment, limits, webhookBaseUrl, secrets, hasStore, sweepMs } = order;
  const parsed = parseSettings(environment);
  if (!parsed.ok) throw new Error(parsed.error.join('\n'));
  const settings = { ...parsed.value, limits };
  gateway = await startGateway(settings, {
    ...{ webhookBaseUrl, secrets, clock: systemClock, log, createServer: createBunServer },
    ...(hasStore ? { store: new MemoryStore() } : {}),
    ...(sweepMs === undefined ? {} : { sweepMs }),
  });
  const { port, webSocketUrl, apiUrl, inspectorUrl } = gateway;
  tell({ kind: 'started', port, webSocketUrl, apiUrl, inspectorUrl });
}

async function obey(order: ToGateway): Promise<void> {
  if (order.kind === 'start') await start(order);
  if (order.kind === 'secrets') gateway?.replaceSecrets(order.secrets);
  if (order.kind !== 'stop') return;
  await gateway?.stop(order.withinMs);
  tell({ kind: 'stopped' });
}

process.on('message', (text) => {
  obey(read<ToGateway>(text)).catch((error: unknown) => tell({ kind: 'refused', why: String(error) }));
});
process.on('disconnect', () => process.exit());
