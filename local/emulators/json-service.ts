import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { type LoopbackServer, readBody, startLoopbackServer } from './loopback.ts';
import type { RequestLog } from './request-log.ts';

const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** A request to one of the AWS APIs that the local stack plays itself. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What such a request is answered with. A string body is sent as it is. */
export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An error in the shape that AWS SDKs turn into a typed exception. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Names a fault to answer an API call with instead of serving it, or `undefined` to serve it. */
export type ApiFault = (call: { service: string; operation: string }) => ApiError | undefined;

/** One AWS API that the local stack plays. */
export interface ApiService {
  readonly service: string;
  /** The operation that a request asks for, for counting and faults. */
  operation(request: ApiRequest): string;
  serve(request: ApiRequest, operation: string): Promise<ApiResponse>;
}

/** Serve an API on a free loopback port. */
export function startApi(
  api: ApiService,
  requests: RequestLog,
  fault: ApiFault = () => undefined,
): Promise<LoopbackServer> {
  return startLoopbackServer((request, response) => {
    void answer(api, request, requests, fault)
      .catch(errorResponse)
      .then((reply) => send(response, reply));
  });
}

async function answer(
  api: ApiService,
  incoming: IncomingMessage,
  requests: RequestLog,
  fault: ApiFault,
): Promise<ApiResponse> {
  const url = new URL(incoming.url ?? '/', 'http://loopback');
  const body = await readBody(incoming, MAX_REQUEST_BYTES);
  if (body === undefined) throw new ApiError(413, 'RequestTooLargeException', 'the request is too large');
  const request: ApiRequest = {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: plain(body, incoming.headers['content-encoding']).toString('utf8'),
  };
  const operation = api.operation(request);
  requests.add(api.service, operation);
  const failure = fault({ service: api.service, operation });
  if (failure !== undefined) throw failure;
  return api.serve(request, operation);
}

/** A body as it was before the SDK compressed it: PutMetricData does so from 10 KiB on. */
function plain(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: MAX_REQUEST_BYTES });
  } catch {
    throw new ApiError(400, 'SerializationException', 'the body is not gzip, or is too large');
  }
}

function errorResponse(error: unknown): ApiResponse {
  const { status, code, message } =
    error instanceof ApiError ? error : new ApiError(500, 'ServiceException', String(error));
  return {
    status,
    headers: { 'x-amzn-errortype': code },
    body: { __type: code, message, Message: message, Type: status < 500 ? 'User' : 'Service' },
  };
}

function send(response: ServerResponse, { status, headers, body }: ApiResponse): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-requestid': crypto.randomUUID(),
    ...headers,
  });
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}
