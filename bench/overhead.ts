import { mkdir, writeFile } from 'node:fs/promises';
import {
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker as cockatielBreaker,
  retry as cockatielRetry,
  timeout as cockatielTimeout,
  ExponentialBackoff,
  handleAll,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import Opossum from 'opossum';
import { circuitBreaker, compose, retry, timeout } from 'spillway/runtime';
import { median } from './statistics.ts';

const ROUNDS = 15;
/** Calls of a contender in a round, and of those that take several times as long. */
const CALLS = 200_000;
const CALLS_OF_SLOW_ONES = 40_000;
/** What the closed path may cost over a bare call. Nanoseconds. */
const ALLOWED_NS = 300;
/** Time-out of an attempt, for all that have one. It never runs out. Milliseconds. */
const TIMEOUT_MS = 10_000;

/** One way to make the same call. */
interface Contender {
  readonly name: string;
  readonly call: () => Promise<unknown>;
  readonly calls?: number;
}

let counter = 0;
const operation = async (): Promise<number> => {
  counter += 1;
  return counter;
};
/** The same for those who hand it a signal, which it looks at. */
const abortable = async (signal: AbortSignal): Promise<number> => {
  counter += signal.aborted ? 0 : 1;
  return counter;
};

/**
 * What policies add to a call that succeeds at once: calls one after the other, each awaited. All contenders take turns in
 * every round, in changing order; the median round counts. The breakers alone have no time-out; what is composed repeats
 * up to three times, breaks the circuit and limits each attempt.
 */
export async function run(): Promise<boolean> {
  const breaker = circuitBreaker({ name: 'bench', telemetry: false });
  const composed = compose({
    retry: retry({ name: 'bench', telemetry: false }),
    breaker: circuitBreaker({ name: 'bench', telemetry: false }),
    timeout: timeout({ name: 'bench', telemetry: false, timeoutMs: TIMEOUT_MS }),
  });
  const opossum = new Opossum(operation, { timeout: false });
  const opossumWithTimeout = new Opossum(operation, { timeout: TIMEOUT_MS });
  const policy = cockatielOf();
  const wrapped = wrap(
    cockatielRetry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    cockatielOf(),
    cockatielTimeout(TIMEOUT_MS, TimeoutStrategy.Aggressive),
  );
  const contenders: readonly Contender[] = [
    { name: 'bare', call: operation },
    { name: 'spillway-breaker', call: () => breaker.call(operation) },
    { name: 'cockatiel-breaker', call: () => policy.execute(operation) },
    { name: 'opossum-breaker', call: () => opossum.fire() },
    { name: 'spillway-composed', call: () => composed.call(abortable) },
    {
      name: 'cockatiel-wrap',
      call: () => wrapped.execute(({ signal }) => abortable(signal)),
      calls: CALLS_OF_SLOW_ONES,
    },
    { name: 'opossum-timeout', call: () => opossumWithTimeout.fire(), calls: CALLS_OF_SLOW_ONES },
  ];
  const times = await measured(contenders);
  opossum.shutdown();
  opossumWithTimeout.shutdown();
  return report(contenders, times);
}

function cockatielOf(): CircuitBreakerPolicy {
  return cockatielBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) });
}

/** Nanoseconds that a call takes, by name: the median of the rounds. */
async function measured(contenders: readonly Contender[]): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length];
      if (contender === undefined) continue;
      const ns = await nsPerCall(contender);
      if (round > 0) times.get(contender.name)?.push(ns); // the first one warms up
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]));
}

async function report(
  contenders: readonly Contender[],
  times: ReadonlyMap<string, number>,
): Promise<boolean> {
  const timeOf = (name: string): number => times.get(name) ?? Number.NaN;
  const bare = timeOf('bare');
  const cases = contenders.map(({ name, calls = CALLS }) => ({
    name,
    callsPerRound: calls,
    nsPerCall: Math.round(timeOf(name)),
    ratioToBare: Math.round((timeOf(name) / bare) * 100) / 100,
  }));
  const overheadNs = Math.round(timeOf('spillway-breaker') - bare);
  const composed = timeOf('spillway-composed');
  const rivals = ['cockatiel-wrap', 'opossum-timeout'].map((name) => ({
    name,
    timesSlower: Math.round((timeOf(name) / composed) * 100) / 100,
  }));
  await mkdir('out', { recursive: true });
  const result = { rounds: ROUNDS, allowedOverheadNs: ALLOWED_NS, overheadNs, rivals, cases };
  await writeFile('out/bench-overhead.json', `${JSON.stringify(result, null, 2)}\n`);
  console.table(cases);
  console.log(`spillway-breaker adds ${overheadNs} ns to a bare call, ${ALLOWED_NS} ns are allowed`);
  for (const { name, timesSlower } of rivals)
    console.log(`${name} takes ${timesSlower} times as long as spillway-composed, which has to be faster`);
  return overheadNs <= ALLOWED_NS && rivals.every(({ timesSlower }) => timesSlower > 1);
}

async function nsPerCall({ call, calls = CALLS }: Contender): Promise<number> {
  const start = process.hrtime.bigint();
  for (let at = 0; at < calls; at += 1) await call();
  return Number(process.hrtime.bigint() - start) / calls;
}
