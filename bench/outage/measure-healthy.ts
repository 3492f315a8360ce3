import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.ts';
import { emptied } from './drain.ts';
import { send } from './producer.ts';
import type { Tracker } from './tracker.ts';

const WARM_UP = 250;
const BURST = 900;
const LIMIT_MS = 60_000;
const LOOK_MS = 10;

/**
 * Messages a second that a contender handles while all is well and the queue is never empty. A first burst starts its
 * environments.
 */
export async function measureHealthy(deployment: Deployment, tracker: Tracker): Promise<number> {
  await burst(deployment, tracker, 'warm-up', WARM_UP);
  const seconds = await burst(deployment, tracker, 'healthy', BURST);
  await emptied(deployment, LIMIT_MS);
  return BURST / seconds;
}

async function burst(
  deployment: Deployment,
  tracker: Tracker,
  prefix: string,
  messages: number,
): Promise<number> {
  await tracker.reset();
  const start = performance.now();
  const numbers = Array.from({ length: messages }, (_each, at) => at);
  await send(deployment, numbers, (at) => `${prefix}-${at}`);
  while ((await tracker.counts()).handled < messages) {
    if (performance.now() - start > LIMIT_MS)
      throw new Error(`${deployment.name} is not done with the ${prefix} burst`);
    await sleep(LOOK_MS);
  }
  return (performance.now() - start) / 1_000;
}
