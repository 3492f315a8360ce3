import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalAlarm } from '../../local/cloudwatch/cloudwatch.ts';
import { launchBrowser } from '../../scripts/chromium.ts';
import { openPage, settled } from './browser.ts';
import { alarm, alarmsInEachState, metric, NOON, stillCloudWatch, widget } from './fake-cloudwatch.ts';
import { everyWidget } from './widgets.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

function everything() {
  const alarms = alarmsInEachState();
  return stillCloudWatch({ widgets: everyWidget(alarms).map(({ body }) => body), alarms });
}

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it.each([1280, 390])(
    '%i px wide, every widget fits, axe finds nothing, and nothing complains',
    async (width) => {
      const { page, complaints, hosts } = await openPage(browser, everything(), {
        colorScheme,
        viewport: { width, height: 900 },
      });
      await settled(page);
      for (const summary of await page.locator('.alarm summary').all()) await summary.click();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }))).toEqual([]);
      expect(complaints).toEqual([]);
      expect([...hosts]).toEqual(['127.0.0.1']);
    },
  );
});

describe('live', () => {
  it('draws what is new without making charts anew', async () => {
    const cloudWatch = stillCloudWatch({
      widgets: [
        widget('metric', { title: 'Line', metrics: [metric('Waiting')] }),
        widget('metric', { title: 'Number', view: 'singleValue', metrics: [metric('Waiting')] }),
      ],
    });
    const { page } = await openPage(browser, cloudWatch);
    await settled(page);
    const canvas = await page.locator('canvas').elementHandle();
    const put = { namespace: 'Test', metricName: 'Waiting', dimensions: { Queue: 'orders' } };
    cloudWatch.put([{ ...put, atEpochMs: NOON - 30_000, values: [770] }]);
    await page.locator('.number', { hasText: '792' }).waitFor();
    await page.locator('.legend .value', { hasText: '792' }).waitFor();
    expect(await canvas?.evaluate((element) => element.isConnected)).toBe(true);
    expect(await page.locator('.plot-host').getAttribute('aria-label')).toBe(
      'Line: Waiting is 792, between 5 and 792',
    );
  });

  it('shows an alarm going off, tells it, and calls for a person', async () => {
    const alarms: LocalAlarm[] = [
      alarm('orders-Depth', 'OK'),
      alarm('orders-NeedsPerson', 'OK', { kind: 'composite' }),
    ];
    const { page } = await openPage(browser, stillCloudWatch({ alarms }));
    await settled(page);
    expect(await page.locator('.notice-alarm').isVisible()).toBe(false);
    alarms.splice(0, 2, ...alarmsOn());
    await page.locator('.notice-alarm').waitFor();
    expect(await page.locator('.notice-alarm').textContent()).toContain(
      'This needs a person: orders-NeedsPersonorders-Depth: Threshold Crossed: 3 out of the last 3',
    );
    expect(await page.locator('#announcer').textContent()).toContain('orders-Depth: In alarm');
    expect(await page.title()).toBe('(2) Spillway local stack');
    const first = page.locator('.alarm').first();
    expect(await first.locator('.badge').textContent()).toBe('In alarm');
    expect(await first.locator('.alarm-since').textContent()).toBe('5 min ago');
    await first.locator('summary').click();
    expect(await first.locator('.children').textContent()).toContain('orders-Depth');
    expect(await first.locator('.history').textContent()).toContain('No data → In alarm');
  });

  it('names what calls for a person, and not the alarm that excuses others', async () => {
    const alarms = [
      alarm('orders-Depth', 'ALARM'),
      alarm('orders-Age', 'OK'),
      alarm('orders-OutageHandled', 'ALARM'),
      alarm('orders-NeedsPerson', 'ALARM', {
        kind: 'composite',
        properties: {
          AlarmRule:
            '(ALARM("orders-Depth") OR (ALARM("orders-Age") AND (NOT (ALARM("orders-OutageHandled")))))',
        },
      }),
    ];
    const { page } = await openPage(browser, stillCloudWatch({ alarms }));
    await settled(page);
    const causes = page.locator('.notice-alarm li b');
    expect(await causes.allTextContents()).toEqual(['orders-Depth']);
  });

  it('says that the stack has stopped, keeps what was shown, and goes on when it is back', async () => {
    const { page, stop } = await openPage(browser, everything());
    await settled(page);
    await stop();
    await page.locator('.notice-lost').waitFor();
    expect(await page.locator('#connection').textContent()).toBe('No answer');
    expect(await page.locator('.number').first().textContent()).toBe('22');
  });

  it('asks nothing while it is hidden, and at once when it is seen again', async () => {
    const { page, asked } = await openPage(browser, everything());
    await settled(page);
    await page.evaluate(
      "Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true }); window.away = true; document.dispatchEvent(new Event('visibilitychange'))",
    );
    await page.locator('#connection[data-state="paused"]').waitFor();
    const before = asked.length;
    await page.waitForTimeout(2_500);
    expect(asked.length).toBe(before);
    await page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))");
    await page.locator('#connection[data-state="live"]').waitFor();
    expect(asked.length).toBeGreaterThan(before);
  });
});

describe('what is shown', () => {
  it('is chosen by keyboard, and stands in the address', async () => {
    const dashboards = [
      { name: 'one', widgets: [widget('text', { markdown: 'the first' })] },
      { name: 'two', widgets: [widget('metric', { title: 'T', metrics: [metric('Waiting')] })] },
    ];
    const { page } = await openPage(browser, stillCloudWatch({ dashboards }));
    await settled(page);
    await page.getByLabel('Dashboard', { exact: true }).selectOption('two');
    await page.locator('.plot-host').waitFor();
    await page.getByRole('radio', { name: '15 min' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(new URL(page.url()).search).toBe('?dashboard=Shop%2Ftwo&range=3600');
    await page.reload();
    await settled(page);
    expect(await page.locator('#dashboard-title').textContent()).toBe('two');
    expect(await page.getByRole('radio', { name: '1 h' }).isChecked()).toBe(true);
  });

  it('can be read as a table', async () => {
    const widgets = [widget('metric', { title: 'Queue', metrics: [metric('Waiting'), metric('InFlight')] })];
    const { page } = await openPage(browser, stillCloudWatch({ widgets }));
    await settled(page);
    await page.getByRole('button', { name: 'Queue: as a table' }).press('Enter');
    expect(await page.locator('.values tbody tr').allTextContents()).toEqual([
      'Waiting22529.683',
      'InFlight441030.350',
    ]);
  });

  it('says what there is not', async () => {
    const { page } = await openPage(browser, stillCloudWatch({ dashboards: [] }));
    await settled(page);
    expect(await page.locator('.empty:visible').allTextContents()).toEqual([
      'This stack has no alarms.',
      'This stack has no dashboards.',
    ]);
  });

  it('says how fast time runs, if not as the machine’s', async () => {
    const { page } = await openPage(browser, stillCloudWatch({ scale: 30 }));
    await settled(page);
    expect(await page.locator('#clock').textContent()).toMatch(/^26 Nov 2026, 12:0\d:\d\d, time × 30$/);
  });

  it('is text and never markup, whatever the stack says', async () => {
    const markup = '<img src=x onerror="document.title=1"><b>x</b>';
    const widgets = [
      widget('text', { markdown: `${markup} [x](javascript:alert(1)) [y](https://a.example)` }),
      widget('metric', { title: markup, metrics: [metric('Waiting', { label: markup })] }),
    ];
    const alarms = [alarm('a', 'ALARM', { name: markup, reason: markup, description: markup })];
    const { page, complaints } = await openPage(browser, stillCloudWatch({ widgets, alarms }));
    await settled(page);
    expect(await page.locator('main img, main b b').count()).toBe(0);
    expect(await page.locator('.legend .name').textContent()).toBe(markup);
    const links = await page.locator('main a').evaluateAll((all) => all.map((each) => each.outerHTML));
    expect(links).toEqual(['<a href="https://a.example/" target="_blank" rel="noopener noreferrer">y</a>']);
    expect(complaints).toEqual([]);
  });
});

/** The same two alarms, on. */
function alarmsOn(): readonly LocalAlarm[] {
  const depth = alarm('orders-Depth', 'ALARM');
  const properties = { AlarmRule: `ALARM("${depth.name}")` };
  return [depth, alarm('orders-NeedsPerson', 'ALARM', { kind: 'composite', properties })];
}
