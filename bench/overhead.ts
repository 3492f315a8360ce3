import { mkdir, writeFile } from 'node:fs/promises';
import {
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker as cockatiel,
  handleAll,
} from 'cockatiel';
import Opossum from 'opossum';
import { circuitBreaker } from 'spillway/runtime';
import { median } from './statistics.ts';

const ROUNDS = 15;
const CALLS = 200_000;
/** What the closed path may cost over a bare call. Nanoseconds. */
const ALLOWED_NS = 300;

/** One way to make the same call. */
interface Contender {
  readonly name: string;
  readonly call: () => Promise<unknown>;
}

let counter = 0;
const operation = async (): Promise<number> => {
  counter += 1;
  return counter;
};

/**
 * What a closed circuit breaker adds to a call that succeeds at once: calls one after the other, each awaited. All
 * contenders take turns in every round, in changing order; the median round counts. None has a time-out.
 */
export async function run(): Promise<boolean> {
  const breaker = circuitBreaker({ name: 'bench', telemetry: false });
  const policy: CircuitBreakerPolicy = cockatiel(handleAll, {
    halfOpenAfter: 60_000,
    breaker: new ConsecutiveBreaker(5),
  });
  const opossum = new Opossum(operation, { timeout: false });
  const contenders: readonly Contender[] = [
    { name: 'bare', call: operation },
    { name: 'spillway-breaker', call: () => breaker.call(operation) },
    { name: 'cockatiel-breaker', call: () => policy.execute(operation) },
    { name: 'opossum', call: () => opossum.fire() },
  ];
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length];
      if (contender === undefined) continue;
      const ns = await nsPerCall(contender.call);
      if (round > 0) times.get(contender.name)?.push(ns); // the first one warms up
    }
  }
  opossum.shutdown();
  const bare = median(times.get('bare') ?? []);
  const cases = contenders.map(({ name }) => {
    const nsPerCall = median(times.get(name) ?? []);
    return {
      name,
      nsPerCall: Math.round(nsPerCall),
      ratioToBare: Math.round((nsPerCall / bare) * 100) / 100,
    };
  });
  const ours = cases.find(({ name }) => name === 'spillway-breaker');
  const overheadNs = (ours?.nsPerCall ?? Number.POSITIVE_INFINITY) - Math.round(bare);
  await mkdir('out', { recursive: true });
  const result = { callsPerRound: CALLS, rounds: ROUNDS, allowedOverheadNs: ALLOWED_NS, overheadNs, cases };
  await writeFile('out/bench-overhead.json', `${JSON.stringify(result, null, 2)}\n`);
  console.table(cases);
  console.log(`spillway-breaker adds ${overheadNs} ns to a bare call, ${ALLOWED_NS} ns are allowed`);
  return overheadNs <= ALLOWED_NS;
}

async function nsPerCall(call: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  for (let at = 0; at < CALLS; at += 1) await call();
  return Number(process.hrtime.bigint() - start) / CALLS;
}
