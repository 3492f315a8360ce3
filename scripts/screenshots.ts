import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchBrowser } from './chromium.ts';
import { startExample } from './example-run.ts';

/** Pictures of the page for README and docs, of a real run of the example: the end of its outage. */
const PICTURES = [
  { name: 'dashboard-light', colorScheme: 'light', width: 1_280, height: 1_500 },
  { name: 'dashboard-dark', colorScheme: 'dark', width: 1_280, height: 1_500 },
  { name: 'dashboard-narrow', colorScheme: 'light', width: 390, height: 1_200 },
] as const;
const DIRECTORY = 'docs/images';

/** Long enough for the page to hear of what the stack just did. Milliseconds. */
const HEARD_MS = 2_500;

const browser = await launchBrowser();
const example = await startExample();
try {
  await mkdir(DIRECTORY, { recursive: true });
  const pages = [];
  for (const { width, height, colorScheme } of PICTURES) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: 'en-GB' });
    const page = await context.newPage();
    await page.goto(example.pageUrl);
    pages.push(page);
  }
  await example.says('The tracker is back');
  await sleep(HEARD_MS);
  for (const [at, { name }] of PICTURES.entries()) {
    const path = join(DIRECTORY, `${name}.png`);
    await pages[at]?.screenshot({ path });
    console.log(path);
  }
} finally {
  await example.stop();
  await browser.close();
}
