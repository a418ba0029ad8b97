import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freshFolder, GatewayProcess } from '../support/gateway-process.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { Scrape } from '../support/scrape.ts';

/** Where a page of the fourth frame is in the log of SQLite, whose header has 32 bytes, a frame 24 and a page 4,096. */
const inFourthFrame = 32 + 3 * (24 + 4_096) + 1_000;

test('errors that the program logs beside its gateway are counted, too: a cut store, and secrets that can’t be used', async () => {
  const app = new RecordingApp();
  const folder = freshFolder();
  const environment = { WEBHOOK_BASE_URL: await app.listen(), SOCKETHOOK_DIR: folder, METRICS: 'public' };
  let gateway = await GatewayProcess.start(environment);
  onTestFinished(async () => {
    gateway.kill();
    await app.stop();
    rmSync(folder, { recursive: true });
  });
  // Each is stored in a commit of its own.
  for (let clients = 0; clients < 8; clients += 1) await connect(`${gateway.url}room`);
  gateway.kill();
  await gateway.exited;
  const log = join(folder, 'store.db-wal');
  const bytes = readFileSync(log);
  bytes.writeUInt8(bytes.readUInt8(inFourthFrame) ^ 1, inFourthFrame);
  writeFileSync(log, bytes);

  gateway = await GatewayProcess.start(environment);
  expect(gateway.of('store_cut')).toHaveLength(1);
  const counted = async (): Promise<number> =>
    new Scrape(await (await fetch(`${gateway.apiUrl}/metrics`)).text()).value('log_errors_total');
  expect(await counted()).toBe(1);
  rmSync(join(folder, 'secrets.json'));
  await eventually('it is noticed', () => gateway.of('secrets_unusable').length > 0);
  await eventually('it is counted', async () => (await counted()) >= 2);
  expect(await counted()).toBe(gateway.lines.filter(({ level }) => level === 'error').length);
});
