import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { LocalCloudWatch } from '../../local/cloudwatch/cloudwatch.ts';
import { startPage } from '../../local/page/page.ts';

/** A page of the browser, and what went on in it. */
export interface OpenPage {
  readonly page: Page;
  readonly url: string;
  /** Errors, warnings and violations of the content security policy. */
  readonly complaints: string[];
  /** Hosts that were asked for anything. */
  readonly hosts: Set<string>;
  /** Paths of the API that were asked for. */
  readonly asked: string[];
  /** Stop the server, as if the stack had ended. */
  stop(): Promise<void>;
}

/** What a page is opened with. */
export interface OpenOptions extends BrowserContextOptions {
  readonly path?: string;
  /** Draw with this font rather than the machine's. */
  readonly font?: string;
}

/** Serve a page for a CloudWatch and open it; all of it is closed after the test. */
export async function openPage(
  browser: Browser,
  cloudWatch: LocalCloudWatch,
  { path = '/', ...options }: OpenOptions = {},
): Promise<OpenPage> {
  const server = await startPage(cloudWatch);
  let running = true;
  const stop = async (): Promise<void> => {
    if (running) await server.close();
    running = false;
  };
  const opened = await openUrl(browser, `${server.url}${path}`, options);
  onTestFinished(stop);
  return { ...opened, stop };
}

/** Open a page that something else serves; it is closed after the test. */
export async function openUrl(
  browser: Browser,
  url: string,
  { font, ...options }: OpenOptions = {},
): Promise<Omit<OpenPage, 'stop'>> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'UTC',
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  onTestFinished(() => context.close());
  if (font !== undefined) {
    await context.route('**/page.css', async (route) => {
      const sheet = await route.fetch();
      await route.fulfill({ response: sheet, body: `${await sheet.text()}\n:root { --font: "${font}"; }` });
    });
  }
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  const asked: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const { hostname, pathname } = new URL(request.url());
    hosts.add(hostname);
    if (pathname.startsWith('/api/')) asked.push(pathname);
  });
  await page.goto(url);
  return { page, url, complaints, hosts, asked };
}

/** Wait until the page has drawn what it was told. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#connection[data-state="live"]').waitFor();
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
}
