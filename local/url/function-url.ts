import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoopbackServer, readBody, startLoopbackServer } from '../emulators/loopback.ts';
import type { InvocationResult } from '../lambda/function.ts';
import { urlEvent } from './url-event.ts';
import { urlResponse } from './url-response.ts';

/** Payload limit of a synchronous invocation, request and response alike. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** The server of a function URL; the function is connected once it is deployed. */
export interface FunctionUrl extends LoopbackServer {
  connect(invoke: (event: unknown) => Promise<InvocationResult>): void;
}

/**
 * Serve a function URL on a free loopback port, buffered responses only. Requests over 6 MB get 413, a function error
 * or an oversized response 502, a throttled function 429, a host name that is not loopback 403. `AWS_IAM` is not
 * enforced.
 */
export async function startFunctionUrl(): Promise<FunctionUrl> {
  let invoke: ((event: unknown) => Promise<InvocationResult>) | undefined;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = crypto.randomUUID();
    const body = await readBody(request, MAX_PAYLOAD_BYTES);
    if (body === undefined) {
      const message = `Request must be smaller than ${MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation`;
      sendJson(response, 413, { Message: message });
      return;
    }
    if (invoke === undefined) {
      sendJson(response, 503, { Message: 'Service Unavailable' });
      return;
    }
    const result = await invoke(
      urlEvent({
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        headers: request.headers,
        body,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        requestId,
        nowEpochMs: Date.now(),
      }),
    );
    send(response, result);
  };
  const server = await startLoopbackServer((request, response) => {
    // fails when the caller goes away while it sends
    serve(request, response).catch(() => response.destroy());
  });
  return {
    ...server,
    connect(target) {
      invoke = target;
    },
  };
}

function send(response: ServerResponse, { requestId, payload, error, throttled }: InvocationResult): void {
  response.setHeader('x-amzn-requestid', requestId);
  if (throttled) {
    sendJson(response, 429, {
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      Message: 'Rate Exceeded.',
    });
    return;
  }
  const reply = error === undefined ? urlResponse(payload) : undefined;
  if (reply === undefined || reply.body.length > MAX_PAYLOAD_BYTES) {
    response.writeHead(502, { 'content-type': 'application/json' }).end('Internal Server Error');
    return;
  }
  response.writeHead(reply.status, reply.headers).end(reply.body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
