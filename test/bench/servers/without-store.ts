import { startGateway } from '../../../functions/local/gateway.ts';
import { createLog } from '../../../functions/local/log.ts';
import { standardOutput } from '../../../functions/local/log-output.ts';
import { secretTexts } from '../../../functions/local/secrets-file.ts';
import { readSettings } from '../../../functions/local/settings.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';

/** The gateway as `npm start` runs it, but without a store: nothing outlives its process. */
const settings = readSettings();
if (!settings.ok) throw new Error(settings.error.join('\n'));
const { webhookBaseUrl } = settings.value;
if (webhookBaseUrl === undefined) throw new Error('Set WEBHOOK_BASE_URL.');
const log = createLog(standardOutput(), systemClock.now);
const secrets = secretTexts(settings.value);
const gateway = await startGateway(settings.value, { webhookBaseUrl, secrets, clock: systemClock, log });
process.on('SIGTERM', () => void gateway.stop(1_000).then(() => process.exit(0)));
