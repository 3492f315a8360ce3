import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import type { Browser } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../scripts/chromium.ts';
import { openPage, settled } from './browser.ts';
import { alarmsInEachState, stillCloudWatch } from './fake-cloudwatch.ts';
import { everyWidget } from './widgets.ts';

/**
 * Each kind of widget against a picture. Another build of chromium or of the font draws edges a little differently: a
 * pixel may be off by a shade, and a few may be off altogether. UPDATE_SCREENSHOTS=1 takes the pictures anew.
 */
const SHADE = 0.2;
/** Of the pixels that are not background: most of a picture is. */
const SHARE_OFF = 0.12;
/** What `system-ui` is differs from machine to machine. */
const FONT = 'DejaVu Sans';
const REFERENCES = join(import.meta.dirname, 'references');
const FAILED = 'out/screenshots';
const ALARMS = alarmsInEachState();
const WIDGETS = everyWidget(ALARMS);

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it.each(WIDGETS)('draws $name', async ({ name, body }) => {
    // The place in the dashboard is of no interest here; half a page is 6 of 24 columns wide, and as high.
    const widgets = [{ ...body, x: 0, y: 0 }];
    const { page } = await openPage(browser, stillCloudWatch({ widgets, alarms: ALARMS }), {
      colorScheme,
      viewport: { width: 900, height: 700 },
      font: FONT,
    });
    await settled(page);
    const shot = await page.locator('.widget').screenshot({ animations: 'disabled' });
    await expectLike(`${name}-${colorScheme}`, shot);
  });
});

async function expectLike(name: string, shot: Buffer): Promise<void> {
  const file = join(REFERENCES, `${name}.png`);
  if (process.env.UPDATE_SCREENSHOTS === '1') {
    await mkdir(REFERENCES, { recursive: true });
    await writeFile(file, shot);
    return;
  }
  const wanted = PNG.sync.read(await readFile(file));
  const got = PNG.sync.read(shot);
  await mkdir(FAILED, { recursive: true });
  const actual = join(FAILED, `${name}.png`);
  if (got.width !== wanted.width || Math.abs(got.height - wanted.height) > 3) {
    await writeFile(actual, shot);
    expect.fail(
      `${name} is ${got.width} × ${got.height}, not ${wanted.width} × ${wanted.height}: see ${actual}`,
    );
  }
  const { width } = wanted;
  const height = Math.min(got.height, wanted.height);
  const diff = new PNG({ width, height });
  const rows = (picture: PNG): Buffer => picture.data.subarray(0, width * height * 4);
  const off = pixelmatch(rows(got), rows(wanted), diff.data, width, height, { threshold: SHADE });
  const allowed = SHARE_OFF * inked(wanted);
  if (off > allowed) {
    await writeFile(actual, shot);
    await writeFile(join(FAILED, `${name}-diff.png`), PNG.sync.write(diff));
  }
  expect(off, `pixels of ${name} that are off: see ${actual}`).toBeLessThanOrEqual(allowed);
}

/** Pixels of a picture that are something else than its background, which is what stands in its padding. */
function inked({ width, height, data }: PNG): number {
  const padding = 4 * (5 * width + Math.floor(width / 2));
  const blank = Buffer.alloc(data.length);
  for (let at = 0; at < data.length; at += 4) data.copy(blank, at, padding, padding + 4);
  return pixelmatch(data, blank, undefined, width, height, { threshold: SHADE, includeAA: true });
}
