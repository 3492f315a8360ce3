import type { ConsumerCircuitSettings, SettingsInput } from '../../../lambdas/index.ts';
import { type Effect, tracker } from './effect.ts';
import { down, type Running } from './running.ts';

/** More failures than any test makes. */
const NEVER = 10_000;

const circuit = (settings: SettingsInput<ConsumerCircuitSettings>) => ({ circuits: { tracker: settings } });
/** Only what all environments have counted together opens it, whatever the successes that they have seen. */
const shared = (settings: SettingsInput<ConsumerCircuitSettings>) =>
  circuit({ localThreshold: NEVER, failureRatio: 0.3, ...settings });

/** A message a second for environments in turn. */
async function failing(r: Running, environments: readonly number[] = [0]): Promise<void> {
  r.answers.dependency = down;
  for (const at of environments) {
    r.clock.advance(1_000);
    await r.send(1, at);
  }
}

const isOpen = async (r: Running): Promise<boolean> => (await r.sharedState()) !== 'closed';

/** Failures until it is open for all; `undefined`: that many do not open it. */
async function failuresToOpen(r: Running, most: number, environments = 1): Promise<number | undefined> {
  // What an environment reports before it has heard of the first report of all counts for nothing.
  await failing(r);
  await r.recover();
  for (let failures = 1; failures <= most; failures += 1) {
    await failing(r, [failures % environments]);
    if (await isOpen(r)) return failures;
  }
  return undefined;
}

/** Seconds until a message is let through, one asking each second. */
async function secondsOpen(r: Running): Promise<number> {
  const { calls } = r.counts;
  for (let seconds = 1; seconds < 10_000; seconds += 1) {
    r.clock.advance(1_000);
    await r.send();
    if (r.counts.calls > calls) return seconds;
  }
  throw new Error('it is open for ever');
}

/** Failures that open it, seconds that it is open, and good probes that close it. */
async function circle(r: Running): Promise<object> {
  const failures = await failuresToOpen(r, 20);
  r.answers.dependency = () => undefined;
  const seconds = await secondsOpen(r);
  let probes = 1;
  for (; await isOpen(r); probes += 1) await r.send();
  return { failures, seconds, probes };
}

/** Open times, one failed probe after the other. */
async function openTimes(r: Running): Promise<readonly number[]> {
  await failuresToOpen(r, 5);
  const times: number[] = [];
  for (let probe = 0; probe < 4; probe += 1) times.push(await secondsOpen(r));
  return times;
}

/** Effects of the options of a circuit breaker. */
export const CIRCUIT_EFFECTS: readonly Effect[] = [
  {
    option: 'circuits.*.preset',
    deployed: circuit({}),
    text: tracker('preset: aggressive'),
    seen: circle,
    before: { failures: 5, seconds: 60, probes: 2 },
    after: { failures: 3, seconds: 30, probes: 1 },
  },
  {
    option: 'circuits.*.failureThreshold',
    deployed: shared({ failureThreshold: 5 }),
    environments: 2,
    text: tracker('failureThreshold: 8'),
    seen: (r) => failuresToOpen(r, 20, 2),
    before: 5,
    after: 8,
  },
  {
    // Each failure carries two successes at the most, so of many that succeed a third seems to fail.
    option: 'circuits.*.failureRatio',
    deployed: shared({ failureRatio: 0.5 }),
    text: tracker('failureRatio: 0.3'),
    async seen(r) {
      await r.recover();
      for (let failures = 1; failures <= 10; failures += 1) {
        r.answers.dependency = () => undefined;
        await r.send(4);
        await failing(r);
        if (await isOpen(r)) return failures;
      }
      return 'closed';
    },
    before: 'closed',
    after: 5,
  },
  {
    option: 'circuits.*.minReporters',
    deployed: shared({ minReporters: 1 }),
    environments: 3,
    text: tracker('minReporters: 3'),
    async seen(r) {
      const alone = await failuresToOpen(r, 8);
      return [alone, await failuresToOpen(r, 8, 2), await failuresToOpen(r, 8, 3)];
    },
    before: [5, 5, 5],
    after: [undefined, undefined, 5],
  },
  {
    option: 'circuits.*.localThreshold',
    deployed: circuit({ failureThreshold: NEVER, localThreshold: 5 }),
    environments: 2,
    text: tracker('localThreshold: 3'),
    async seen(r) {
      await r.recover();
      let failures = 0;
      for (; r.stateAt(0) === 'closed'; failures += 1) await failing(r);
      return [failures, r.stateAt(1), await r.sharedState()];
    },
    before: [5, 'closed', 'closed'],
    after: [3, 'closed', 'closed'],
  },
  {
    option: 'circuits.*.successThreshold',
    deployed: circuit({ successThreshold: 2 }),
    text: tracker('successThreshold: 4'),
    seen: circle,
    before: { failures: 5, seconds: 60, probes: 2 },
    after: { failures: 5, seconds: 60, probes: 4 },
  },
  {
    option: 'circuits.*.openFor',
    deployed: circuit({ openForMs: 60_000 }),
    text: tracker('openFor: 20s'),
    seen: circle,
    before: { failures: 5, seconds: 60, probes: 2 },
    after: { failures: 5, seconds: 20, probes: 2 },
  },
  {
    option: 'circuits.*.maxOpenFor',
    deployed: circuit({ openForMs: 10_000, maxOpenForMs: 300_000 }),
    text: tracker('maxOpenFor: 25s'),
    seen: openTimes,
    before: [10, 20, 40, 80],
    after: [10, 20, 25, 25],
  },
  {
    option: 'circuits.*.window',
    deployed: shared({ windowMs: 60_000 }),
    text: tracker('window: 10m'),
    async seen(r) {
      await r.recover();
      await failing(r, [0, 0, 0, 0]);
      r.clock.advance(90_000);
      await failing(r);
      return await isOpen(r);
    },
    before: false,
    after: true,
  },
  {
    option: 'circuits.*.slowCallThreshold',
    deployed: circuit({}),
    text: tracker('slowCallThreshold: 1s'),
    async seen(r) {
      await r.recover();
      r.answers.dependency = () => r.clock.advance(1_500);
      for (let calls = 1; calls <= 10; calls += 1) {
        await r.send();
        if (await isOpen(r)) return calls;
      }
      return 'closed';
    },
    before: 'closed',
    after: 5,
  },
  {
    option: 'circuits.*.cacheFor',
    deployed: circuit({ cacheForMs: 60_000 }),
    text: tracker('cacheFor: 10s'),
    async seen(r) {
      await r.send();
      const { reads } = r.counts;
      for (let seconds = 0; seconds < 120; seconds += 1) {
        r.clock.advance(1_000);
        await r.send();
      }
      return r.counts.reads - reads;
    },
    before: 2,
    after: 12,
  },
];
