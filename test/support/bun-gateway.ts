import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { GatewayOptions } from '../../functions/local/compose.ts';
import type { LocalGateway } from '../../functions/local/gateway.ts';
import type { LocalLimits } from '../../functions/local/settings.ts';
import { type FromGateway, read, type ToGateway, written } from '../bun/orders.ts';

/** Starts a gateway on Bun, in a process of its own. Its log and its store are there, and its clock is the system's. */
export async function startBunGateway(
  environment: Readonly<Record<string, string>>,
  limits: LocalLimits,
  { webhookBaseUrl, secrets, log, store, sweepMs }: GatewayOptions,
): Promise<LocalGateway> {
  const child = spawn(resolve('node_modules/.bin/bun'), ['test/bun/gateway.ts'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (text) => {
    const news = read<FromGateway>(text);
    if (news.kind === 'logged') log[news.level](news.event, news.fields);
  });
  order(child, {
    ...{ kind: 'start', environment, limits, webhookBaseUrl, secrets },
    ...{ hasStore: store !== undefined, sweepMs },
  });
  const { kind: _, ...urls } = await told(child, 'started');
  const stop = async (withinMs: number): Promise<void> => {
    const stopped = told(child, 'stopped');
    order(child, { kind: 'stop', withinMs });
    await stopped;
    child.disconnect();
  };
  const replaceSecrets: LocalGateway['replaceSecrets'] = (fresh) =>
    order(child, { kind: 'secrets', secrets: fresh });
  return { ...urls, appWatch: distantWatch, replaceSecrets, stop };
}

/** Only who starts a gateway in its own process knows what its app does. */
const distantWatch: LocalGateway['appWatch'] = {
  reachable: () => undefined,
  unreachable: () => undefined,
};

function order(child: ChildProcess, what: ToGateway): void {
  child.send(written(what));
}

/** The next news of a kind. Rejects if the gateway can't start, or its process ends. */
function told<Kind extends FromGateway['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<FromGateway & { readonly kind: Kind }> {
  const isWanted = (news: FromGateway): news is FromGateway & { readonly kind: Kind } => news.kind === kind;
  return new Promise((resolve, reject) => {
    const hear = (text: unknown): void => {
      const news = read<FromGateway>(text);
      if (isWanted(news)) resolve(news);
      else if (news.kind === 'refused') reject(new Error(news.why));
      else return;
      child.off('message', hear);
    };
    child.on('message', hear);
    child.once('exit', (code) => reject(new Error(`Bun ended with ${code}.`)));
  });
}
