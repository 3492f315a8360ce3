import { expect, it, onTestFinished } from 'vitest';
import { launchBrowser } from '../../scripts/chromium.ts';
import { startExample } from '../../scripts/example-run.ts';
import { openUrl } from './browser.ts';

it('shows an outage of the example live: the circuit opens, alarms go off, the circuit closes', async () => {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const example = await startExample(['--json', 'out/page-outage.json']);
  onTestFinished(() => example.stop());
  const { page, complaints, hosts } = await openUrl(browser, example.pageUrl);
  const circuit = page.locator('.plot-host[aria-label^="Circuits: open"][aria-label*="closed (0)"]');

  await example.says('The tracker is down');
  await circuit.and(page.locator('[aria-label*="tracker is 1"]')).waitFor({ timeout: 60_000 });
  const alarm = page.locator('.alarm[data-state="ALARM"]').first();
  await alarm.waitFor({ timeout: 60_000 });
  expect(await alarm.locator('.alarm-reason').textContent()).toContain('Threshold Crossed');

  await example.says('The tracker is back');
  await circuit.and(page.locator('[aria-label*="tracker is 0"]')).waitFor({ timeout: 90_000 });
  expect(complaints).toEqual([]);
  expect([...hosts]).toEqual(['127.0.0.1']);
}, 300_000);
