import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A call that the dependency was made. Times in epoch milliseconds. */
export interface DependencyCall {
  readonly key: string;
  readonly at: number;
  readonly down: boolean;
  /** Calls that were under way when it came, itself included. */
  readonly atATime: number;
}

/** A dependency that can be taken down. */
export interface Dependency {
  readonly url: string;
  readonly calls: readonly DependencyCall[];
  /** How often each effect happened, by idempotency key. */
  readonly effects: ReadonlyMap<string, number>;
  /** Answer 503 from now on, after the time that calls take. */
  down(): void;
  up(): void;
}

/** Start a dependency for one test. @param takesMs time that a call takes. Milliseconds */
export async function startDependency(takesMs = 5): Promise<Dependency> {
  const calls: DependencyCall[] = [];
  const effects = new Map<string, number>();
  let isDown = false;
  let underWay = 0;
  const server = createServer(async (request, response) => {
    const key = String(request.headers['idempotency-key']);
    underWay += 1;
    calls.push({ key, at: Date.now(), down: isDown, atATime: underWay });
    const failing = isDown;
    await sleep(takesMs);
    underWay -= 1;
    if (!failing) effects.set(key, (effects.get(key) ?? 0) + 1);
    response.writeHead(failing ? 503 : 201).end();
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
    effects,
    down() {
      isDown = true;
    },
    up() {
      isDown = false;
    },
  };
}
