import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchBrowser } from './chromium.ts';
import { startExample } from './example-run.ts';

/** A picture of the page in a window of a size, from the first widget on whose title has a text in it. */
interface Picture {
  readonly name: string;
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
  readonly from?: string;
}

/** Pictures of the page for README and docs, of a real run of the example: the end of its outage. */
const PICTURES: readonly Picture[] = [
  { name: 'alarms', colorScheme: 'light', width: 1_280, height: 760 },
  { name: 'dashboard-light', colorScheme: 'light', width: 1_280, height: 900, from: 'Outcomes' },
  { name: 'dashboard-dark', colorScheme: 'dark', width: 1_280, height: 900, from: 'Circuits: states' },
  { name: 'dashboard-narrow', colorScheme: 'light', width: 390, height: 1_000, from: 'Outcomes' },
];
const DIRECTORY = 'docs/images';
/** The run is some ten minutes long, in the time of its stack. */
const RANGE_SECONDS = 900;

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
    await page.goto(new URL(`?range=${RANGE_SECONDS}`, example.pageUrl).href);
    pages.push(page);
  }
  await example.says('The tracker is back');
  await sleep(HEARD_MS);
  for (const [at, { name, from }] of PICTURES.entries()) {
    const path = join(DIRECTORY, `${name}.png`);
    if (from !== undefined) {
      const title = pages[at]?.locator('.widget-title', { hasText: from }).first();
      await title?.evaluate((element) => element.closest('.widget')?.scrollIntoView());
    }
    await pages[at]?.screenshot({ path });
    console.log(path);
  }
} finally {
  await example.stop();
  await browser.close();
}
