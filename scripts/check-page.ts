import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Whether the page of a built package (its directory is the argument) can be served: everything that it loads, from its
 * document on, is asked for.
 *
 * @throws if one of its files is missing
 */
const root = resolve(process.argv[2] ?? '.');
const { startPage }: typeof import('../local/page/page.ts') = await import(
  pathToFileURL(join(root, 'dist/esm/local/page/page.js')).href
);
const page = await startPage({
  clock: { scale: 1, now: Date.now, at: (ms) => ms, machineMs: (ms) => ms },
  alarms: [],
  dashboards: [],
  alarm: (id) => {
    throw new Error(`there is no alarm ${id}`);
  },
  query: () => [],
  metrics: () => [],
  put: () => undefined,
  onAlarm: () => () => undefined,
});
const REFERENCE = /(?:from|import|src=|href=)\s*["'](\.{0,2}\/[^"']+)["']/g;
const waiting = ['/', '/api/dashboards', '/api/alarms'].map((path) => `${page.url}${path}`);
const seen = new Set<string>();
for (const url of waiting) {
  if (seen.has(url)) continue;
  seen.add(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const text = await response.text();
  for (const [, path] of text.matchAll(REFERENCE)) waiting.push(new URL(path ?? '', url).href);
}
await page.close();
if (![...seen].some((url) => url.endsWith('/client/widgets/time-series.js')))
  throw new Error('the page loads no charts');
console.log(`the page loads ${seen.size} files`);
