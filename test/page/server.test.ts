import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { startPage } from '../../local/page/page.ts';
import type { PageAlarms, PageDashboards, PageData } from '../../local/page/shared/model.ts';
import { alarmsInEachState, metric, NOON, stillCloudWatch, widget } from './fake-cloudwatch.ts';

async function serve() {
  const widgets = [
    widget('metric', { title: 'Queue', metrics: [metric('Waiting')] }),
    widget('metric', { title: 'Wrong', metrics: [[{ expression: 'FOO(1)', id: 'e1' }]] }),
    widget('text', { markdown: 'hello' }),
  ];
  const page = await startPage(stillCloudWatch({ widgets, alarms: alarmsInEachState(), scale: 20 }));
  onTestFinished(() => page.close());
  return page;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** `fetch` sets its own Host header and tidies paths; this sends what it is told. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers }, async (response) => {
      let body = '';
      for await (const chunk of response) body += String(chunk);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    })
      .on('error', reject)
      .end();
  });
}

async function getJson<T>(url: string): Promise<T> {
  return JSON.parse(await (await fetch(url)).text());
}

it.each(['/', '/api/alarms', '/api/dashboards', '/client/main.js'])(
  'refuses %s under the name of another host, and says nothing of the stack',
  async (path) => {
    const { port } = await serve();
    const { status, body } = await ask(port, path, { host: 'evil.example' });
    expect(status).toBe(403);
    expect(body).toBe('only loopback host names are served');
    expect((await ask(port, path, { host: `localhost:${port}` })).status).toBe(200);
    expect((await ask(port, path, { host: `127.0.0.1.evil.example:${port}` })).status).toBe(403);
  },
);

it('answers with a policy that lets nothing in but its own files, and forbids caches', async () => {
  const { port } = await serve();
  for (const path of ['/', '/api/alarms', '/nothing']) {
    const { headers } = await ask(port, path);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
});

it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('changes nothing: %s is refused', async (method) => {
  const { port } = await serve();
  const { status, headers } = await ask(port, '/api/alarms', {}, method);
  expect(status).toBe(405);
  expect(headers.allow).toBe('GET, HEAD');
});

it('answers HEAD without a body', async () => {
  const { port } = await serve();
  const { status, headers, body } = await ask(port, '/', {}, 'HEAD');
  expect(status).toBe(200);
  expect(Number(headers['content-length'])).toBeGreaterThan(100);
  expect(body).toBe('');
});

it('serves its modules as JavaScript, and uPlot from its package', async () => {
  const { port } = await serve();
  const main = await ask(port, '/client/main.js');
  expect(main.headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(main.body).not.toContain('import type');
  expect((await ask(port, '/shared/markdown.ts')).status).toBe(200);
  expect((await ask(port, '/vendor/uplot.js')).body).toContain('export { uPlot as default }');
  expect((await ask(port, '/vendor/uplot.css')).headers['content-type']).toContain('text/css');
});

it.each([
  '/../page.ts',
  '/client/../page.js',
  '/client/%2e%2e/page.js',
  '/client/..%2fpage.js',
  '/client/index.html',
  '/client/widgets/deeper/chart.js',
  '/page.js',
  '/etc/passwd',
  '//etc/passwd',
  '/api/',
  '/api/unknown',
  '/api/data?dashboard=unknown',
])('has nothing at %s', async (path) => {
  const { port } = await serve();
  expect((await ask(port, path)).status).toBe(404);
});

it('tells the dashboards as they are written and as they are drawn', async () => {
  const { url } = await serve();
  const told: PageDashboards = await getJson(`${url}/api/dashboards`);
  expect(told).toMatchObject({ nowEpochMs: NOON, timeScale: 20 });
  expect(told.dashboards).toMatchObject([
    {
      id: 'Shop/still',
      name: 'still',
      widgets: [{ title: 'Queue' }, { title: 'Wrong' }, { markdown: 'hello' }],
    },
  ]);
  expect(told.dashboards[0]?.body.widgets).toHaveLength(3);
});

it('tells the data of all charts of a dashboard; a query that CloudWatch refuses costs its own chart alone', async () => {
  const { url } = await serve();
  const data: PageData = await getJson(`${url}/api/data?dashboard=Shop/still&range=300`);
  expect(data).toMatchObject({ startEpochMs: NOON - 300_000, endEpochMs: NOON });
  const [queue, wrong] = data.widgets;
  expect(queue?.series[0]).toMatchObject({ label: 'Waiting', periodSeconds: 60, axis: 'left' });
  expect(queue?.series[0]?.timestamps).toEqual([5, 4, 3, 2, 1].map((minute) => NOON - minute * 60_000));
  expect(wrong).toMatchObject({ series: [], problem: 'Unsupported function FOO' });
  expect(data.widgets).toHaveLength(2);
});

it.each([
  ['1', 60],
  ['1e9', 86_400],
  ['x', 900],
  ['-5', 60],
])('keeps the time that is shown within bounds: %s', async (range, seconds) => {
  const { url } = await serve();
  const data: PageData = await getJson(`${url}/api/data?dashboard=Shop/still&range=${range}`);
  expect(data.endEpochMs - data.startEpochMs).toBe(seconds * 1_000);
});

it('tells alarms with their reasons, their history newest first, and what composite ones go by', async () => {
  const { url } = await serve();
  const { alarms }: PageAlarms = await getJson(`${url}/api/alarms`);
  const person = alarms.find(({ name }) => name === 'orders-NeedsPerson');
  expect(person).toMatchObject({
    kind: 'composite',
    needsPerson: true,
    reason: 'orders-DeadLetterDepth transitioned to ALARM',
    children: [
      { title: 'orders-DeadLetterDepth', excuses: false },
      { title: 'orders-QueueAge', excuses: false },
    ],
  });
  const depth = alarms.find(({ name }) => name === 'orders-DeadLetterDepth');
  expect(depth).toMatchObject({ state: 'ALARM', needsPerson: false, history: [{ to: 'ALARM' }] });
});

it.each([-1, 65_536, 1.5, Number.NaN])('refuses the port %s', async (port) => {
  await expect(startPage(stillCloudWatch({}), { port })).rejects.toThrow(
    `page.port must be an integer from 0 to 65535, got ${port}`,
  );
});

it('says that a port is taken', async () => {
  const { port } = await serve();
  await expect(startPage(stillCloudWatch({}), { port })).rejects.toMatchObject({
    name: 'PortTakenError',
    message: `port ${port} is taken`,
  });
});
