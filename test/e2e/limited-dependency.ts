import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A dependency that states how many calls it takes in a second, and answers the others with 429 and Retry-After. */
export interface LimitedDependency {
  readonly url: string;
  /** When calls came. Epoch milliseconds. */
  readonly calls: readonly number[];
  readonly refused: readonly number[];
  /** How often each effect happened, by idempotency key. */
  readonly effects: ReadonlyMap<string, number>;
  /** Answer every call with 429 from now on. */
  down(retryAfter: string): void;
  up(): void;
  /** Most calls that came within so long. */
  busiest(windowMs: number): number;
}

/** Start one for a test. @param perSecond calls that it takes in any second */
export async function startLimitedDependency(perSecond: number): Promise<LimitedDependency> {
  const calls: number[] = [];
  const refused: number[] = [];
  const effects = new Map<string, number>();
  let hint: string | undefined;
  const server = createServer((request, response) => {
    const now = Date.now();
    calls.push(now);
    const within = calls.filter((at) => at > now - 1_000).length;
    if (hint !== undefined || within > perSecond) {
      refused.push(now);
      response.writeHead(429, { 'retry-after': hint ?? '1' }).end();
      return;
    }
    const key = String(request.headers['idempotency-key']);
    effects.set(key, (effects.get(key) ?? 0) + 1);
    response.writeHead(201).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    refused,
    effects,
    down(retryAfter) {
      hint = retryAfter;
    },
    up() {
      hint = undefined;
    },
    busiest(windowMs) {
      const inWindow = calls.map((from) => calls.filter((at) => at >= from && at < from + windowMs).length);
      return Math.max(0, ...inWindow);
    },
  };
}
