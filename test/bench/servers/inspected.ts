import { startGateway } from '../../../functions/local/gateway.ts';
import { createLog } from '../../../functions/local/log.ts';
import { standardOutput } from '../../../functions/local/log-output.ts';
import { openStoreIfAble } from '../../../functions/local/open-store.ts';
import { secretTexts } from '../../../functions/local/secrets-file.ts';
import { readSettings } from '../../../functions/local/settings.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';

/** The gateway as `npm start` runs it, with the inspector and a token that the bench knows. */
const settings = readSettings({ INSPECTOR: 'true' });
if (!settings.ok) throw new Error(settings.error.join('\n'));
const { webhookBaseUrl, folder } = settings.value;
const inspectorToken = (): string => process.env['BENCH_TOKEN'] ?? '';
if (webhookBaseUrl === undefined) throw new Error('Set WEBHOOK_BASE_URL.');
const gateway = await startGateway(settings.value, {
  webhookBaseUrl,
  secrets: secretTexts(settings.value),
  clock: systemClock,
  log: createLog(standardOutput(), systemClock.now),
  store: await openStoreIfAble(folder),
  inspectorToken,
});
process.on('SIGTERM', () => void gateway.stop(1_000).then(() => process.exit(0)));
