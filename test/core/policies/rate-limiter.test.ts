import { describe, expect, it, vi } from 'vitest';
import type { PipelineEvent } from '../../../lambdas/core/events.ts';
import type { InnerCallOptions } from '../../../lambdas/core/policies/policy.ts';
import type { LimitStep } from '../../../lambdas/core/policies/rate-limiter/gcra.ts';
import { type LimitStore, memoryLimits } from '../../../lambdas/core/policies/rate-limiter/limit-store.ts';
import {
  type LimiterOptions,
  rateLimiterOn,
} from '../../../lambdas/core/policies/rate-limiter/rate-limiter.ts';
import type {
  RatePermit,
  RateRefusal,
} from '../../../lambdas/core/policies/rate-limiter/rate-limiter-types.ts';
import type { RateLimitSettings } from '../../../lambdas/core/policies/settings.ts';
import { deferred, type FakeClock, fakeClock, idle, START } from '../fixtures.ts';

type Draft = { -readonly [K in keyof RateLimitSettings]: RateLimitSettings[K] };

function setup(given: Partial<Draft> = {}, rest: Partial<LimiterOptions> = {}, clock = fakeClock()) {
  const settings: Draft = { limit: 10, perMs: 1_000, burst: 10, shards: 1, maxWaitMs: 0, ...given };
  const events: PipelineEvent[] = [];
  const limiter = rateLimiterOn({
    name: 'tracker',
    settings,
    onStoreFailure: 'refuse',
    skewMs: 0,
    clock,
    random: () => 0,
    emit: (event) => void events.push(event),
    ...rest,
  });
  const made: number[] = [];
  const call = (options?: Parameters<typeof limiter.call>[1]) =>
    limiter.call(() => {
      made.push(clock.now() - START);
      return 'made';
    }, options);
  /** Outcomes of calls: `made`, or the milliseconds after which to come back. */
  const outcomes = (times: number): Promise<(string | number)[]> =>
    Promise.all(
      Array.from({ length: times }, () =>
        call().catch((error: { retryAfterMs: number }) => error.retryAfterMs),
      ),
    );
  return { limiter, settings, clock, events, made, call, outcomes };
}

/** A store whose steps are recorded, and whose answers wait until they are let go. */
function watched(inner: LimitStore = memoryLimits()) {
  const steps: (LimitStep & { key: string; expiresAt: number })[] = [];
  let gate: Promise<unknown> | undefined;
  let fault: Error | undefined;
  const store: LimitStore = {
    async apply(key, step, expiresAt) {
      steps.push({ key, expiresAt, ...step });
      const result = fault === undefined ? await inner.apply(key, step, expiresAt) : undefined;
      await gate;
      if (result === undefined) throw fault;
      return result;
    },
  };
  return {
    store,
    steps,
    fail(error: Error | undefined) {
      fault = error;
    },
    hold() {
      const held = deferred();
      gate = held.promise;
      return () => {
        gate = undefined;
        held.resolve();
      };
    },
  };
}

/** Let time pass in small steps, so that what it wakes runs then. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) await clock.pass(Math.min(10, left));
}

function permitOf(answer: RatePermit | RateRefusal): RatePermit {
  if (answer.kind === 'refused') throw new Error(`refused until ${answer.retryAtEpochMs}`);
  return answer;
}

describe('in one process', () => {
  it('admits the burst at once, and then one call an interval', async () => {
    const { outcomes, clock } = setup({ burst: 3 });
    expect(await outcomes(3)).toEqual(['made', 'made', 'made']);
    clock.advance(99);
    expect(await outcomes(1)).toEqual([1]);
    clock.advance(1);
    expect(await outcomes(2)).toEqual(['made', 100]);
    clock.advance(10_000);
    expect((await outcomes(4)).filter((outcome) => outcome === 'made')).toHaveLength(3);
  });

  it('keeps a burst of one to exactly one call an interval', async () => {
    const { outcomes, clock } = setup({ burst: 1 });
    for (let at = 0; at < 5; at += 1) {
      expect(await outcomes(1)).toEqual(['made']);
      clock.advance(99);
      expect(await outcomes(1)).toEqual([1]);
      clock.advance(1);
    }
  });

  it('tells those that it refuses to come back one after the other, within a period', async () => {
    const { outcomes, limiter, clock, events } = setup({ limit: 4, burst: 1 });
    expect(await outcomes(7)).toEqual(['made', 250, 500, 750, 1_000, 1_250, 1_250]);
    clock.advance(250);
    expect(await outcomes(1)).toEqual(['made']);
    expect(limiter.statistics()).toEqual({ admitted: 2, refused: 6, waited: 0, wasted: 0, storeCalls: 0 });
    expect(events[0]).toEqual({ kind: 'call-rate-limited', policy: 'tracker', retryAfterMs: 250 });
    await expect(limiter.call(() => 1)).rejects.toMatchObject({
      name: 'RateLimitedError',
      policy: 'tracker',
    });
  });

  it('answers at once, without a promise', () => {
    const { limiter } = setup({ burst: 1 });
    expect(limiter.acquire()).toMatchObject({ kind: 'permit' });
    expect(limiter.acquire()).toEqual({ kind: 'refused', retryAtEpochMs: START + 100 });
  });

  it('hands on results, errors, the signal and the deadline', async () => {
    const { limiter } = setup();
    const { signal } = new AbortController();
    const seen = await limiter.call((...given) => given, { signal, deadlineEpochMs: START + 5 });
    expect(seen).toEqual([signal, START + 5]);
    const fault = new Error('theirs');
    await expect(limiter.call(() => Promise.reject(fault))).rejects.toBe(fault);
    expect(await limiter.call((given, deadline) => [given.aborted, deadline])).toEqual([false, Infinity]);
  });

  it('goes by settings that have changed, in both directions', async () => {
    const { outcomes, settings, clock } = setup({ limit: 1, burst: 2 });
    expect(await outcomes(2)).toEqual(['made', 'made']);
    Object.assign(settings, { limit: 10, burst: 5 });
    // the next place is two seconds ahead, and the burst reaches 400 ms
    expect(await outcomes(1)).toEqual([1_600]);
    clock.advance(2_000);
    expect(await outcomes(5)).toEqual(['made', 'made', 'made', 'made', 'made']);
    Object.assign(settings, { limit: 1, burst: 1 });
    clock.advance(500);
    expect(await outcomes(2)).toEqual(['made', 1_000]);
    clock.advance(999);
    expect((await outcomes(1))[0]).not.toBe('made');
    settings.maxWaitMs = 1;
    const waits = outcomes(1);
    await clock.pass(1);
    expect(await waits).toEqual(['made']);
  });
});

describe('who may wait', () => {
  it('gets a turn in the order of asking, at the very time', async () => {
    const { limiter, clock } = setup({ burst: 1, maxWaitMs: 1_000 });
    const order: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      void limiter.call(() => void order.push(`${name} ${clock.now() - START}`));
    }
    await pass(clock, 1_000);
    expect(order).toEqual(['a 0', 'b 100', 'c 200']);
    expect(limiter.statistics()).toMatchObject({ admitted: 3, waited: 2 });
    expect(clock.pending).toBe(0);
  });

  it('is refused at once if the turn would come too late, for the wait or for the deadline', async () => {
    const { call, outcomes, clock } = setup({ burst: 1, maxWaitMs: 150 });
    void outcomes(2);
    await expect(call()).rejects.toMatchObject({ retryAfterMs: 200 });
    await clock.pass(100);
    await expect(call({ deadlineEpochMs: clock.now() + 99 })).rejects.toMatchObject({
      name: 'RateLimitedError',
    });
    const inTime = call({ deadlineEpochMs: clock.now() + 100 });
    await clock.pass(100);
    expect(await inTime).toBe('made');
    expect(clock.pending).toBe(0);
  });

  it('stops waiting in the tick of an abort, and leaves its place to the next', async () => {
    const { limiter, call, clock, made } = setup({ burst: 1, maxWaitMs: 1_000 });
    await call();
    const controller = new AbortController();
    const first = call({ signal: controller.signal });
    const second = call();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    await clock.pass(100);
    expect(await second).toBe('made');
    expect(made).toEqual([0, 100]);
    expect(limiter.statistics()).toMatchObject({ admitted: 2, refused: 0 });
    // the place behind, which nobody needs any more, is the next caller's
    clock.advance(99);
    const third = call();
    await clock.pass(1);
    expect(await third).toBe('made');
    expect(made).toEqual([0, 100, 200]);
    expect(clock.pending).toBe(0);
  });

  it('is not begun if its signal has aborted', async () => {
    const { limiter, call, made } = setup();
    const reason = new Error('enough');
    await expect(call({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(limiter.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(made).toEqual([]);
    expect(limiter.statistics().admitted).toBe(0);
  });

  it('gives the permit back if the signal aborts between the permit and the call', async () => {
    const { store } = watched();
    const { call, limiter, made } = setup({}, { store });
    const controller = new AbortController();
    const calling = call({ signal: controller.signal });
    // the moment between is found by aborting one microtask later each time
    void Promise.resolve().then(function later(): unknown {
      if (limiter.statistics().admitted === 0) return Promise.resolve().then(later);
      controller.abort(new Error('enough'));
      return undefined;
    });
    await expect(calling).rejects.toThrow('enough');
    expect(made).toEqual([]);
    expect(limiter.statistics()).toMatchObject({ admitted: 0, wasted: 0 });
  });
});

describe('permits', () => {
  it('that are given back go to somebody else while they are good', async () => {
    const { limiter, clock, outcomes } = setup({ burst: 2 });
    permitOf(await limiter.acquire());
    const second = permitOf(await limiter.acquire());
    expect(await outcomes(1)).toEqual([100]);
    limiter.giveBack(second);
    limiter.giveBack(second);
    expect(limiter.statistics().admitted).toBe(1);
    expect(await outcomes(2)).toEqual(['made', expect.any(Number)]);
    clock.advance(1_000);
    const expiring = permitOf(await limiter.acquire());
    expect(expiring.untilEpochMs).toBe(clock.now());
    clock.advance(1);
    limiter.giveBack(expiring);
    await outcomes(1);
    expect(limiter.statistics().wasted).toBe(1);
  });

  it('that are given back serve who waits', async () => {
    const { limiter, call } = setup({ burst: 2, maxWaitMs: 1_000 });
    await limiter.acquire();
    const second = permitOf(await limiter.acquire());
    const waits = call();
    limiter.giveBack(second);
    expect(await waits).toBe('made');
  });

  it('are used by the call that they were acquired for, and replaced if they have expired', async () => {
    const { limiter, call, clock } = setup({ burst: 2 });
    const permit = permitOf(await limiter.acquire());
    expect(await call({ permit })).toBe('made');
    expect(limiter.statistics().admitted).toBe(1);
    expect(await call({ permit })).toBe('made'); // a permit is good for one call
    expect(limiter.statistics().admitted).toBe(2);
    clock.advance(1_000);
    const late = permitOf(await limiter.acquire());
    clock.advance(200);
    expect(await call({ permit: late })).toBe('made');
    expect(limiter.statistics()).toMatchObject({ admitted: 3, wasted: 1 });
  });
});

describe('on a store', () => {
  it('begins a timeline, goes on with it, and knows without asking when there is nothing', async () => {
    const { store, steps } = watched();
    const { outcomes, limiter } = setup({ burst: 10 }, { store });
    expect(await outcomes(4)).toEqual(['made', 'made', 'made', 'made']);
    expect(steps.map(({ name }) => name)).toEqual(['begin', 'extend']);
    // 1 + early / T = 7 at once: a third of the burst is for keeping permits
    expect((await outcomes(4)).filter((outcome) => outcome === 'made')).toHaveLength(3);
    const asked = steps.length;
    for (let at = 0; at < 20; at += 1) await outcomes(1);
    expect(steps).toHaveLength(asked);
    expect(limiter.acquire()).toMatchObject({ kind: 'refused' });
    expect(limiter.statistics()).toMatchObject({ admitted: 7, storeCalls: asked });
  });

  it('admits who comes back when it was told, with jitter between environments', async () => {
    for (const draw of [0, 0.5, 0.999]) {
      const { store, steps } = watched();
      const { outcomes, clock } = setup({}, { store, random: () => draw });
      await outcomes(7);
      const [retryAfterMs] = await outcomes(1);
      expect(retryAfterMs).toBe(Math.ceil(100 + draw * 300));
      const asked = steps.length;
      clock.advance(Number(retryAfterMs) - 1);
      expect(await outcomes(1)).not.toEqual(['made']);
      expect(steps).toHaveLength(asked);
      clock.advance(1);
      expect(await outcomes(1)).toEqual(['made']);
    }
  });

  it('takes one permit for each who asks where demand is low, and several where it is high', async () => {
    const { store, steps } = watched();
    const { call, clock } = setup({ limit: 1_000, burst: 1_000 }, { store });
    await call();
    clock.advance(1_000);
    await call();
    expect(steps.map(({ name }) => name)).toEqual(['begin', 'begin']);
    for (let at = 0; at < 200; at += 1) {
      clock.advance(5);
      await call();
    }
    const many = steps.length;
    expect(many).toBeLessThan(100);
    for (let at = 0; at < 200; at += 1) {
      clock.advance(5);
      await call();
    }
    expect(steps.length - many).toBeLessThan(20);
  });

  it('lets permits expire that were not used within the hold, and counts them', async () => {
    const { store } = watched();
    const { outcomes, limiter, clock } = setup({ limit: 1_000, burst: 1_000 }, { store });
    for (let at = 0; at < 200; at += 1) {
      clock.advance(5);
      await outcomes(1);
    }
    const { admitted, wasted } = limiter.statistics();
    clock.advance(60_000);
    await outcomes(1);
    expect(limiter.statistics().admitted).toBe(admitted + 1);
    expect(limiter.statistics().wasted).toBeGreaterThan(wasted);
  });

  it('asks once for all who ask meanwhile, in order', async () => {
    const { store, steps, hold } = watched();
    const release = hold();
    const { limiter } = setup({}, { store });
    const order: number[] = [];
    for (let at = 0; at < 5; at += 1) void limiter.call(() => void order.push(at));
    await idle();
    expect(steps).toHaveLength(1);
    release();
    await idle();
    expect(steps.map(({ name }) => name)).toEqual(['begin', 'extend']);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('reserves a place for who may wait, and uses it no earlier than it may', async () => {
    const { store, steps } = watched();
    const clock = fakeClock();
    const one = setup({ burst: 3, maxWaitMs: 1_000 }, { store }, clock);
    const two = setup({ burst: 3, maxWaitMs: 1_000 }, { store }, clock);
    void one.outcomes(4);
    await idle();
    void two.outcomes(3);
    await pass(clock, 1_000);
    // early = 200 − 100 ms, so that two go at once, and then one each 100 ms
    expect([...one.made, ...two.made]).toEqual([0, 0, 100, 200, 300, 400, 500]);
    expect(steps.length).toBeLessThanOrEqual(5);
    expect(clock.pending).toBe(0);
  });

  it('refuses at the deadline who waits for the store', async () => {
    const { store, hold } = watched();
    const release = hold();
    const { call, clock } = setup({}, { store });
    const calling = call({ deadlineEpochMs: START + 40 });
    const refused = expect(calling).rejects.toMatchObject({ name: 'RateLimitedError' });
    await clock.pass(40);
    await refused;
    release();
    await idle();
    expect(await call()).toBe('made');
  });

  it('makes no call after its deadline, though the store answers before anybody notices that it has passed', async () => {
    const { store, hold } = watched();
    const release = hold();
    const clock = fakeClock();
    const stalled = { now: clock.now, after: () => () => {} };
    const { call, made } = setup({}, { store, clock: stalled });
    const refused = expect(call({ deadlineEpochMs: START + 40 })).rejects.toThrow(
      'rate limit "tracker" is reached',
    );
    await idle();
    clock.advance(41);
    release();
    await refused;
    expect(made).toEqual([]);
  });

  it('shares the limit between those of one name', async () => {
    const { store, steps } = watched();
    const clock = fakeClock();
    const one = setup({ burst: 4 }, { store }, clock);
    const two = setup({ burst: 4 }, { store }, clock);
    const all = [...(await one.outcomes(4)), ...(await two.outcomes(4))];
    expect(all.filter((outcome) => outcome === 'made')).toHaveLength(3);
    expect(steps.every(({ key }) => key === 'limit#tracker')).toBe(true);
  });

  it('keeps items for a day after they have said what they have to say', async () => {
    const { store, steps } = watched();
    const { outcomes } = setup({ limit: 1, perMs: 86_400_000, burst: 10, maxWaitMs: 0 }, { store });
    await outcomes(2);
    for (const { expiresAt } of steps) expect(expiresAt).toBeGreaterThan(START + 86_400_000 * 2 - 10_000);
  });

  it('spreads over shards, tries one other where there is nothing, and stays where there is something', async () => {
    const { store, steps } = watched();
    const { outcomes, call, clock } = setup({ limit: 20, burst: 8, shards: 2 }, { store });
    // each shard: T = 100 ms, 3 × 100 ms of tolerance, a third of it for keeping permits
    expect((await outcomes(8)).filter((outcome) => outcome === 'made')).toHaveLength(6);
    expect(new Set(steps.map(({ key }) => key))).toEqual(new Set(['limit#tracker#0', 'limit#tracker#1']));
    clock.advance(100);
    const before = steps.length;
    await call();
    expect(steps.slice(before).map(({ key }) => key)).toEqual(['limit#tracker#1']);
  });

  it('has those who wait wait on the shard that is sooner', async () => {
    const { store } = watched();
    const { outcomes, made, clock } = setup({ limit: 20, burst: 8, shards: 2, maxWaitMs: 1_000 }, { store });
    const all = outcomes(12);
    await idle();
    const more = outcomes(6);
    await pass(clock, 1_000);
    await Promise.all([all, more]);
    expect(made).toHaveLength(18);
    // one shard alone would need until 1,500 ms
    expect(made.at(-1)).toBeLessThanOrEqual(1_000);
  });

  it('never has more shards than the burst has permits', async () => {
    const { store, steps } = watched();
    const { outcomes } = setup({ limit: 1_000, burst: 2, shards: 50 }, { store });
    expect((await outcomes(20)).filter((outcome) => outcome === 'made')).toHaveLength(2);
    expect(new Set(steps.map(({ key }) => key)).size).toBe(2);
  });
});

describe('when the limit is changed', () => {
  it('takes back no place that was given under the old one, and goes by the new one once those have passed', async () => {
    const { store, steps } = watched();
    const { outcomes, settings, clock } = setup({ limit: 1, burst: 4 }, { store });
    // T = 1,000 ms, early = 2,000 ms: three at once
    expect((await outcomes(4)).filter((outcome) => outcome === 'made')).toHaveLength(3);
    Object.assign(settings, { limit: 10, burst: 10 });
    // the next place is 3,000 ms ahead, and early is 600 ms now
    expect((await outcomes(1))[0]).toBe(2_400);
    clock.advance(2_399);
    expect((await outcomes(1))[0]).not.toBe('made');
    clock.advance(1);
    expect((await outcomes(1))[0]).toBe('made');
    clock.advance(2_000);
    expect((await outcomes(8)).filter((outcome) => outcome === 'made')).toHaveLength(7);
    expect(steps.map(({ name }) => name)).not.toContain('clamp');
  });

  it('sells no place again while others go by the old one', async () => {
    const { store, steps } = watched();
    const clock = fakeClock();
    const slow = setup({ limit: 10, burst: 10, maxWaitMs: 0 }, { store }, clock);
    const fast = setup({ limit: 20, burst: 20, maxWaitMs: 2_000 }, { store }, clock);
    for (let at = 0; at < 1_000; at += 1) {
      void slow.outcomes(1);
      void fast.outcomes(1);
      await clock.pass(10);
    }
    const made = slow.made.length + fast.made.length;
    expect(made).toBeLessThanOrEqual(20 * 10 + 10 + 20);
    expect(made).toBeGreaterThan(20 * 10 * 0.95);
    expect(steps.map(({ name }) => name)).not.toContain('clamp');
  });

  it('goes by a burst that was raised at once', async () => {
    const { store } = watched();
    const { outcomes, settings } = setup({ limit: 1, perMs: 60_000, burst: 4 }, { store });
    expect((await outcomes(4)).at(-1)).not.toBe('made');
    settings.burst = 8;
    expect(await outcomes(1)).toEqual(['made']);
  });

  it('does not wait for a clock that was hours ahead', async () => {
    const { store, steps } = watched();
    const ahead = setup({}, { store }, fakeClock(START + 3_600_000));
    expect(await ahead.outcomes(1)).toEqual(['made']);
    const { outcomes, clock } = setup({}, { store });
    expect(await outcomes(1)).toEqual([100]);
    expect(steps.at(-1)).toMatchObject({ name: 'clamp' });
    clock.advance(100);
    expect(await outcomes(1)).toEqual(['made']);
  });

  it('waits for places as far ahead as anybody’s limit, longest wait and clock may bring them', async () => {
    const { store, steps } = watched();
    // early and T are 230 s, somebody waits for a quarter of an hour, and the clock is a minute ahead
    const slow = setup(
      { limit: 1, perMs: 60_000, burst: 4, maxWaitMs: 900_000 },
      { store },
      fakeClock(START + 60_000),
    );
    void slow.outcomes(25);
    await idle();
    const { outcomes } = setup({}, { store });
    expect((await outcomes(1))[0]).toBeGreaterThan(1_130_000);
    expect(steps.map(({ name }) => name)).not.toContain('clamp');
  });
});

describe('when the sink of events throws', () => {
  it.each([
    ['in one process', undefined],
    ['on a store', memoryLimits()],
  ])('answers all the same, %s', async (_name, store) => {
    const emit = (): never => {
      throw new Error('the sink is broken');
    };
    const { limiter, outcomes, clock } = setup({ burst: 1 }, { emit, store });
    expect(await outcomes(2)).toEqual(['made', expect.any(Number)]);
    expect(await limiter.acquire()).toMatchObject({ kind: 'refused' });
    clock.advance(1_000);
    expect(await outcomes(1)).toEqual(['made']);
  });

  it('answers all the same when the store is down', async () => {
    const emit = (): never => {
      throw new Error('the sink is broken');
    };
    const { store, fail } = watched();
    const { outcomes } = setup({}, { emit, store });
    fail(new Error('the store is down'));
    expect(await outcomes(2)).toEqual([1_000, expect.any(Number)]);
  });
});

describe('when the store fails', () => {
  it('refuses, tells of the error, and comes back soon', async () => {
    const { store, fail } = watched();
    const { outcomes, events, clock, limiter } = setup({}, { store });
    fail(new Error('the store is down'));
    expect(await outcomes(1)).toEqual([1_000]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'store-error', operation: 'take permits: begin' }),
    );
    await outcomes(5);
    expect(limiter.statistics().storeCalls).toBe(2); // then it is left alone
    fail(undefined);
    clock.advance(5_000);
    expect(await outcomes(1)).toEqual(['made']);
  });

  it('does not wait for it for long', async () => {
    const { store, hold } = watched();
    const { outcomes, clock } = setup({}, { store });
    await outcomes(1);
    hold();
    clock.advance(1_000);
    const waits = outcomes(1);
    await clock.pass(250);
    expect(await waits).toEqual([1_000]);
  });

  it('goes by a limit of its own if it is told to', async () => {
    const { store, fail } = watched();
    const { outcomes, clock } = setup({ burst: 2 }, { store, onStoreFailure: 'local' });
    fail(new Error('the store is down'));
    expect((await outcomes(3)).filter((outcome) => outcome === 'made')).toHaveLength(2);
    clock.advance(100);
    expect(await outcomes(1)).toEqual(['made']);
  });

  it('asks once more when a reply came too late to be used, and then gives up', async () => {
    const clock = fakeClock();
    let delays = [400, 10];
    const inner = memoryLimits();
    const slow: LimitStore = {
      async apply(...step) {
        const result = await inner.apply(...step);
        await new Promise<void>((resolve) => clock.after(delays.shift() ?? 0, resolve));
        return result;
      },
    };
    const { outcomes, limiter, events } = setup({ burst: 2 }, { store: slow }, clock);
    const first = outcomes(1);
    await clock.pass(400);
    await clock.pass(10);
    expect(await first).toEqual(['made']);
    expect(limiter.statistics()).toMatchObject({ admitted: 1, wasted: 1, storeCalls: 2 });
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'store-error', operation: 'take permits' }),
    );
    delays = [150, 150, 150, 150];
    clock.advance(10_000);
    const second = outcomes(1);
    for (let at = 0; at < 4; at += 1) await clock.pass(150);
    expect(await second).toEqual([1_000]);
  });
});

describe('a call under a rate limit', () => {
  it('ends at the abort, also where the operation does not heed its signal', async () => {
    const { limiter } = setup();
    const controller = new AbortController();
    const call = limiter.call(() => new Promise<never>(() => {}), { signal: controller.signal });
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
  });

  it('listens to nothing where somebody around it does', async () => {
    const { limiter } = setup();
    const { signal } = new AbortController();
    const listens = vi.spyOn(signal, 'addEventListener');
    const inner: InnerCallOptions = { signal, heedsSignal: true };
    expect(await limiter.call(async () => 'made', inner)).toBe('made');
    expect(listens).not.toHaveBeenCalled();
  });
});
