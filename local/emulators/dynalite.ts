import { Server } from 'node:http';
import { MissingEmulatorError } from '../errors.ts';
import { isObject } from '../json.ts';
import { isLoopbackHost, type LoopbackServer, listenOnLoopback } from './loopback.ts';
import { importOptional } from './optional-package.ts';
import { type RequestLog, targetOperation } from './request-log.ts';

const VERSION = '4.0.0';

/**
 * Start dynalite, the emulator of DynamoDB, in memory on a free loopback port.
 *
 * It has no transactions, streams or time to live: expired items stay, as they may for days on AWS.
 *
 * @throws {MissingEmulatorError} if the package is not installed
 */
export async function startDynalite(requests: RequestLog): Promise<LoopbackServer> {
  const module = await importOptional('dynalite', VERSION);
  const create: unknown = isObject(module) ? module.default : undefined;
  const server: unknown =
    typeof create === 'function'
      ? create({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
      : undefined;
  if (!(server instanceof Server)) {
    throw new MissingEmulatorError(
      `this version of dynalite is not known to the local stack: install dynalite@${VERSION}`,
    );
  }
  const [serve] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (!isLoopbackHost(request.headers.host)) {
      response.writeHead(403).end('only loopback host names are served');
      return;
    }
    requests.add('dynamodb', targetOperation(request.headers['x-amz-target']));
    serve?.call(server, request, response);
    // dynalite throws, and so ends this process, when a caller goes away in the middle of a request
    request.removeAllListeners('error');
    request.on('error', () => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  return listenOnLoopback(server);
}
