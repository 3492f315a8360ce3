import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PortTakenError } from '../errors.ts';

/** The only address that anything of the local stack listens on. */
export const LOOPBACK = '127.0.0.1';

/**
 * Whether a request was addressed to this machine by name. A page of another site can make a browser call a loopback
 * port under a name of its own (DNS rebinding); the Host header gives that away.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === LOOPBACK || name === '[::1]';
}

/** An HTTP server that listens on loopback. */
export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Make a server listen on a loopback port; 0 takes a free one.
 *
 * @throws {PortTakenError} if something else listens on it
 */
export async function listenOnLoopback(server: Server, wantedPort = 0): Promise<LoopbackServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const taken = 'code' in error && error.code === 'EADDRINUSE';
      reject(taken ? new PortTakenError(`port ${wantedPort} is taken`, { cause: error }) : error);
    });
    server.listen(wantedPort, LOOPBACK, resolve);
  });
  const address: AddressInfo | string | null = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  return {
    url: `http://${LOOPBACK}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Start an HTTP server on loopback that answers 403 to requests for any other host name.
 *
 * @throws {PortTakenError} if something else listens on the port that is wanted
 */
export function startLoopbackServer(listener: RequestListener, wantedPort = 0): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    if (isLoopbackHost(request.headers.host)) {
      listener(request, response);
    } else {
      response.writeHead(403, { 'content-type': 'text/plain' }).end('only loopback host names are served');
    }
  });
  server.keepAliveTimeout = 60_000;
  return listenOnLoopback(server, wantedPort);
}

/** Read a request's body, or `undefined` once it is longer than the limit. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length <= limitBytes) chunks.push(bytes);
  }
  return length > limitBytes ? undefined : Buffer.concat(chunks);
}
