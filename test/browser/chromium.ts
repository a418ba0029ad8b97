import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Starts Chromium. Rejects with what to do if it is not installed. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(path)) {
    throw new Error(
      `There is no Chromium at ${path}: apt-get install chromium, or set CHROMIUM to its path.`,
    );
  }
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
}
