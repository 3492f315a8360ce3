import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free loopback port. */
export interface LoopbackServer {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

/** Serve on a free loopback port. */
export async function serve(listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Header in which an environment names its process. */
export const ENVIRONMENT_HEADER = 'x-chaos-environment';

/** Header in which an environment names the messages that a request is about, where the request does not. */
export const SUBJECTS_HEADER = 'x-chaos-subjects';

/** Process id of the environment that makes a request. */
export function environmentOf({ headers }: IncomingMessage): number {
  return Number(headers[ENVIRONMENT_HEADER]);
}
