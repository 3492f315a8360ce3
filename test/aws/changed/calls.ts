import type { ConsumerCircuitSettings, SettingsInput } from '../../../lambdas/index.ts';
import { type Effect, ofCalls, tracker } from './effect.ts';
import { down, type Running } from './running.ts';

/** Calls through a circuit that never opens. */
const calls = (settings: SettingsInput<ConsumerCircuitSettings>, concurrency = 100) => ({
  concurrency,
  circuits: { tracker: { failureThreshold: 10_000, localThreshold: 10_000, ...settings } },
});

const hangs = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
const takes = (r: Running, ms: number) => () =>
  new Promise<void>((resolve) => void r.clock.after(ms, resolve));

/** How long a message takes whose call never ends. Milliseconds. */
async function untilGivenUp(r: Running): Promise<number> {
  r.answers.dependency = hangs;
  const since = r.clock.now();
  await r.send();
  return r.clock.now() - since;
}

const timesOut = (option: 'timeout' | 'totalTimeout'): Effect => ({
  option: `circuits.*.${option}`,
  deployed: calls({ [`${option}Ms`]: 2_000 }),
  text: tracker(`${option}: 500ms`),
  seen: untilGivenUp,
  before: 2_000,
  after: 500,
});

/** Attempts of a call that fails, and the waits between them. Milliseconds. */
async function attempts(r: Running): Promise<readonly number[]> {
  r.clock.advance(3_600_000); // a budget is full by then, if time fills it
  r.answers.dependency = down;
  r.callTimes.length = 0;
  await r.send();
  return r.callTimes.slice(1).map((at, before) => at - (r.callTimes[before] ?? 0));
}

const BACKOFF = { attempts: 4, kind: 'exponential', firstDelayMs: 1_000, budget: false } as const;

const repeats = (option: string, text: string, after: readonly number[]): Effect => ({
  option,
  deployed: calls({ retry: BACKOFF }),
  text: ofCalls(text),
  seen: attempts,
  before: [1_000, 2_000, 4_000],
  after,
});

const EAGER = { attempts: 20, kind: 'fixed', firstDelayMs: 0 } as const;

/** How often a call is repeated that fails. */
async function repeated(r: Running): Promise<number> {
  r.answers.dependency = down;
  const { calls } = r.counts;
  await r.send();
  return r.counts.calls - calls - 1;
}

/** The same when the budget has had all the time of the world. */
async function repeatedAfterRest(r: Running): Promise<number> {
  r.clock.advance(3_600_000);
  return repeated(r);
}

/** The same when the budget was spent, 10 seconds and 10 good calls ago. */
async function repeatedAfterSpending(r: Running): Promise<number> {
  while ((await repeated(r)) > 0);
  r.answers.dependency = () => undefined;
  r.clock.advance(10_000);
  await r.send(10);
  return repeated(r);
}

const budgeted = (option: string, deployed: object | false, text: string) => ({
  option: `retryProfiles.*.budget${option}`,
  deployed: calls({ retry: { ...EAGER, budget: deployed } }),
  text: ofCalls(`budget: ${text}`),
});

const limited = (settings: SettingsInput<ConsumerCircuitSettings['rateLimit']>) =>
  calls({ rateLimit: { limit: 2, perMs: 1_000, maxWaitMs: 0, ...settings } });

/** Calls in 20 seconds of more demand than there may be calls, in two environments, after a burst is over. */
async function callsIn20s(r: Running): Promise<number> {
  let before = 0;
  for (let tenths = 0; tenths < 300; tenths += 1) {
    if (tenths === 100) before = r.counts.calls;
    await r.send(1, tenths % 2);
    r.clock.advance(100);
  }
  return r.counts.calls - before;
}

/** How many of a batch are handled. */
async function handledOf(r: Running, messages: number): Promise<number> {
  const events = await r.send(messages);
  return events.filter(({ kind }) => kind === 'handled').length;
}

/** How many of many messages get their turn after a quiet time, in two environments at once. */
async function burst(r: Running): Promise<number> {
  r.clock.advance(3_600_000);
  const first = await handledOf(r, 50);
  return first + (await r.send(50, 1)).filter(({ kind }) => kind === 'handled').length;
}

/** Most calls under way of 40 messages, each of which takes so long. */
async function mostUnderWay(r: Running, ms: number, messages = 40): Promise<number> {
  r.answers.dependency = takes(r, ms);
  r.counts.most = 0;
  await r.send(messages);
  return r.counts.most;
}

/** How many of six calls are made that take a second each. */
async function madeOfSix(r: Running): Promise<number> {
  r.answers.dependency = takes(r, 1_000);
  return handledOf(r, 6);
}

/** The limit that calls find for themselves after a while. */
async function limitFound(r: Running, ms: number): Promise<number> {
  for (let batch = 0; batch < 10; batch += 1) await mostUnderWay(r, ms);
  return mostUnderWay(r, ms);
}

const adaptive = (settings: SettingsInput<ConsumerCircuitSettings['adaptiveConcurrency']>) =>
  calls({ adaptiveConcurrency: { maxWaitMs: 60_000, ...settings } });

/** Effects of what stands around calls. */
export const CALL_EFFECTS: readonly Effect[] = [
  timesOut('timeout'),
  timesOut('totalTimeout'),
  repeats('circuits.*.retry', 'attempts: 2, strategy: fixed', [1_000]),
  repeats('retryProfiles.*.attempts (of calls)', 'attempts: 3', [1_000, 2_000]),
  repeats('retryProfiles.*.strategy (of calls)', 'strategy: full-jitter', [500, 1_000, 2_000]),
  repeats('retryProfiles.*.strategy (fixed, of calls)', 'strategy: fixed', [1_000, 1_000, 1_000]),
  repeats('retryProfiles.*.firstDelay (of calls)', 'firstDelay: 500ms', [500, 1_000, 2_000]),
  repeats('retryProfiles.*.cap (of calls)', 'cap: 1500ms', [1_000, 1_500, 1_500]),
  repeats('retryProfiles.*.base (of calls)', 'base: 3', [1_000, 3_000, 9_000]),
  {
    ...budgeted(': false', { capacity: 2, perSecond: 0.1, perCall: 0 }, 'false'),
    seen: repeatedAfterRest,
    before: 2,
    after: 19,
  },
  {
    ...budgeted('.capacity', { capacity: 2, perSecond: 0.1, perCall: 0 }, '{ capacity: 5 }'),
    seen: repeatedAfterRest,
    before: 2,
    after: 5,
  },
  {
    ...budgeted('.capacity', false, '{ capacity: 3, perSecond: 0, perCall: 0 }'),
    option: 'retryProfiles.*.budget.capacity (of a budget that begins)',
    seen: repeatedAfterRest,
    before: 19,
    after: 3,
  },
  {
    ...budgeted('.perSecond', { capacity: 10, perSecond: 0.1, perCall: 0 }, '{ perSecond: 0.3 }'),
    seen: repeatedAfterSpending,
    before: 1,
    after: 3,
  },
  {
    // The call itself adds its share, too.
    ...budgeted('.perCall', { capacity: 10, perSecond: 0, perCall: 0 }, '{ perCall: 0.2 }'),
    seen: repeatedAfterSpending,
    before: 0,
    after: 2,
  },
  {
    option: 'circuits.*.rateLimit.limit',
    deployed: limited({}),
    environments: 2,
    text: tracker('rateLimit: { limit: 4 }'),
    seen: callsIn20s,
    before: 40,
    after: 80,
  },
  {
    option: 'circuits.*.rateLimit.per',
    deployed: limited({}),
    environments: 2,
    text: tracker('rateLimit: { per: 2s }'),
    seen: callsIn20s,
    before: 40,
    after: 20,
  },
  {
    option: 'circuits.*.rateLimit.burst',
    deployed: limited({ burst: 20 }),
    environments: 2,
    text: tracker('rateLimit: { burst: 5 }'),
    seen: burst,
    before: 13,
    after: 3,
  },
  {
    option: 'circuits.*.rateLimit.burst (of several shards)',
    deployed: limited({ burst: 40, shards: 4 }),
    environments: 2,
    text: tracker('rateLimit: { burst: 10 }'),
    seen: burst,
    before: 12,
    after: 2,
  },
  {
    option: 'circuits.*.rateLimit.maxWait',
    deployed: limited({ limit: 1, maxWaitMs: 0 }),
    text: tracker('rateLimit: { maxWait: 10s }'),
    async seen(r) {
      r.clock.advance(60_000);
      return handledOf(r, 3);
    },
    before: 1,
    after: 3,
  },
  {
    option: 'circuits.*.bulkhead.maxConcurrent',
    deployed: calls({ bulkhead: { maxConcurrent: 2, maxWaitMs: 60_000 } }),
    text: tracker('bulkhead: { maxConcurrent: 5 }'),
    seen: (r) => mostUnderWay(r, 1_000),
    before: 2,
    after: 5,
  },
  ...(
    [
      ['bulkhead', { maxConcurrent: 1 }],
      ['adaptiveConcurrency', { max: 1 }],
    ] as const
  ).flatMap(([option, one]): Effect[] => [
    {
      option: `circuits.*.${option}.maxQueued`,
      deployed: calls({ [option]: { ...one, maxWaitMs: 60_000 } }),
      text: tracker(`${option}: { maxQueued: 2 }`),
      seen: madeOfSix,
      before: 6,
      after: 3,
    },
    {
      option: `circuits.*.${option}.maxWait`,
      deployed: calls({ [option]: { ...one, maxWaitMs: 60_000 } }),
      text: tracker(`${option}: { maxWait: 3500ms }`),
      seen: madeOfSix,
      before: 6,
      after: 4,
    },
  ]),
  {
    option: 'circuits.*.adaptiveConcurrency.min',
    deployed: adaptive({ min: 1, latencyMs: 100 }),
    text: tracker('adaptiveConcurrency: { min: 3 }'),
    seen: (r) => limitFound(r, 200),
    before: 1,
    after: 3,
  },
  {
    option: 'circuits.*.adaptiveConcurrency.max',
    deployed: adaptive({ max: 6 }),
    text: tracker('adaptiveConcurrency: { max: 9 }'),
    seen: (r) => limitFound(r, 100),
    before: 6,
    after: 9,
  },
  {
    option: 'circuits.*.adaptiveConcurrency.latency',
    deployed: adaptive({ max: 6, latencyMs: 1_000 }),
    text: tracker('adaptiveConcurrency: { latency: 50ms }'),
    seen: (r) => limitFound(r, 100),
    before: 6,
    after: 1,
  },
  {
    option: 'circuits.*.adaptiveConcurrency.decrease',
    deployed: adaptive({ max: 10, decrease: 0.8 }),
    text: tracker('adaptiveConcurrency: { decrease: 0.3 }'),
    async seen(r) {
      const before = await limitFound(r, 100);
      await mostUnderWay(r, 2_000, 1);
      return [before, await mostUnderWay(r, 100, 9)];
    },
    before: [10, 8],
    after: [10, 3],
  },
];
