import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's chromium; another one by CHROMIUM_PATH. */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/**
 * Start a browser.
 *
 * @throws if there is none, with what to install
 */
export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `there is no browser at ${CHROMIUM}: install it ("apt-get install chromium fonts-dejavu-core" on Debian), or set CHROMIUM_PATH`,
    );
  }
  // As root chromium has no sandbox; the pages are our own.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--font-render-hinting=none'] });
}
