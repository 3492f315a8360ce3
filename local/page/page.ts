import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalCloudWatch } from '../cloudwatch/cloudwatch.ts';
import { type LoopbackServer, startLoopbackServer } from '../emulators/loopback.ts';
import { asset } from './assets.ts';
import { SECURITY_HEADERS } from './headers.ts';
import { createPageApi, type PageApi, RANGE_SECONDS } from './page-api.ts';

/** How the page is served. */
export interface PageOptions {
  /**
   * Port on loopback, 0 to 65,535; 0 takes a free one.
   *
   * @default 0
   */
  readonly port?: number;
}

/**
 * Serve the page that draws the stack's dashboards and alarms, on loopback. It shows, and changes nothing: only GET and
 * HEAD are answered, and requests for other host names get 403.
 *
 * @throws {RangeError} if the port is not an integer from 0 to 65,535
 * @throws {PortTakenError} if something else listens on the port
 *
 * @example
 * const page = await startPage(cloudWatch, { port: 4400 });
 * console.log(page.url);
 */
export async function startPage(
  cloudWatch: LocalCloudWatch,
  options: PageOptions = {},
): Promise<LoopbackServer> {
  const { port = 0 } = options;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new RangeError(`page.port must be an integer from 0 to 65535, got ${port}`);
  }
  const api = createPageApi(cloudWatch);
  return startLoopbackServer((request, response) => {
    answer(api, request, response).catch((error: unknown) => {
      // fails when the caller goes away meanwhile
      if (response.headersSent) response.destroy();
      else send(request, response, 500, 'text/plain; charset=utf-8', String(error));
    });
  }, port);
}

async function answer(api: PageApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(
      request,
      response,
      405,
      'text/plain; charset=utf-8',
      'this page only shows: GET and HEAD are answered',
    );
    return;
  }
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const found = pathname.startsWith('/api/') ? json(api, pathname, searchParams) : await asset(pathname);
  if (found === undefined) send(request, response, 404, 'text/plain; charset=utf-8', 'there is nothing here');
  else send(request, response, 200, found.type, found.body);
}

function json(
  api: PageApi,
  path: string,
  query: URLSearchParams,
): { type: string; body: string } | undefined {
  const value = apiAnswer(api, path, query);
  return value === undefined ? undefined : { type: 'application/json', body: JSON.stringify(value) };
}

function apiAnswer(api: PageApi, path: string, query: URLSearchParams): unknown {
  switch (path) {
    case '/api/dashboards':
      return api.dashboards();
    case '/api/alarms':
      return api.alarms();
    case '/api/data':
      return api.data(query.get('dashboard') ?? '', rangeOf(query.get('range')));
    default:
      return undefined;
  }
}

const DEFAULT_RANGE_SECONDS = 900;

function rangeOf(text: string | null): number {
  const seconds = text === null ? DEFAULT_RANGE_SECONDS : Math.round(Number(text));
  if (!Number.isFinite(seconds)) return DEFAULT_RANGE_SECONDS;
  return Math.min(RANGE_SECONDS.max, Math.max(RANGE_SECONDS.min, seconds));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: Buffer | string,
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
