import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as z from 'zod';

const countsSchema = z.object({
  /** Calls that arrived. */
  calls: z.number(),
  /** Those that arrived while it was down. */
  callsDuringOutage: z.number(),
  /** Distinct keys whose effect it brought about. */
  handled: z.number(),
  /** Effects for a key that had had its effect before. */
  duplicateEffects: z.number(),
});

/** What the dependency saw since it was last reset. */
export type TrackerCounts = z.infer<typeof countsSchema>;

/** The dependency that every contender calls, in a process of its own. */
export interface Tracker {
  readonly url: string;
  counts(): Promise<TrackerCounts>;
  /** Keys whose effect it brought about. */
  handledKeys(): Promise<ReadonlySet<string>>;
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** Forget what it saw. */
  reset(): Promise<void>;
  stop(): void;
}

const CAPACITY_CALLERS = 40;
const CAPACITY_MS = 1_500;

/** Start the dependency, with an empty ledger. */
export async function startTracker(): Promise<Tracker> {
  const child = fork(join(import.meta.dirname, 'tracker-process.ts'));
  const [address] = await once(child, 'message');
  const { port } = z.object({ port: z.number() }).parse(address);
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  return {
    url,
    counts: async () => countsSchema.parse(await ask('/counts')),
    handledKeys: async () => new Set(z.array(z.string()).parse(await ask('/handled'))),
    goDown: async () => void (await ask('/down')),
    comeBack: async () => void (await ask('/up')),
    reset: async () => void (await ask('/reset')),
    stop: () => child.disconnect(),
  };
}

/** Calls a second that the dependency serves when it is never left alone. */
export async function measureCapacity({ url, counts, reset }: Tracker): Promise<number> {
  const start = performance.now();
  const callUntilEnd = async (caller: number): Promise<void> => {
    for (let at = 0; performance.now() - start < CAPACITY_MS; at += 1) {
      await fetch(url, { method: 'POST', headers: { 'idempotency-key': `capacity-${caller}-${at}` } });
    }
  };
  await Promise.all(Array.from({ length: CAPACITY_CALLERS }, (_each, caller) => callUntilEnd(caller)));
  const seconds = (performance.now() - start) / 1_000;
  const { handled } = await counts();
  await reset();
  return handled / seconds;
}
