import { describe, expect, it } from 'vitest';
import { classifyError, isOverload } from '../../../lambdas/core/classifier.ts';
import {
  BulkheadFullError,
  CallTimeoutError,
  CircuitOpenError,
  RetryExhaustedError,
} from '../../../lambdas/core/errors.ts';
import type { PipelineEvent } from '../../../lambdas/core/events.ts';
import { adaptiveConcurrencyOn } from '../../../lambdas/core/policies/adaptive-concurrency.ts';
import type { PolicyCallOptions } from '../../../lambdas/core/policies/policy.ts';
import { type AdaptiveConcurrencySettings, CALL_DEFAULTS } from '../../../lambdas/core/policies/settings.ts';
import { type Deferred, deferred, fakeClock, idle, START } from '../fixtures.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const tooMany = Object.assign(new Error('too many requests'), { status: 429 });

function setup(overrides: Partial<AdaptiveConcurrencySettings> = {}) {
  const settings: Mutable<AdaptiveConcurrencySettings> = {
    ...CALL_DEFAULTS.adaptiveConcurrency,
    latencyMs: 100,
    decrease: 0.5,
    ...overrides,
  };
  const clock = fakeClock();
  const events: PipelineEvent[] = [];
  const concurrency = adaptiveConcurrencyOn({
    name: 'tracker',
    settings,
    isOverload: (error) => isOverload(error, classifyError(error, clock.now())),
    clock,
    emit: (event) => void events.push(event),
  });
  const limit = (): number => concurrency.statistics().limit;
  const begin = (options?: PolicyCallOptions): Deferred<unknown> => {
    const end = deferred<unknown>();
    concurrency.call(() => end.promise, options).catch(() => {});
    return end;
  };
  const beginMany = (count: number): Deferred<unknown>[] => Array.from({ length: count }, () => begin());
  const endAll = async (ends: readonly Deferred<unknown>[], error?: unknown): Promise<void> => {
    for (const end of ends) error === undefined ? end.resolve(undefined) : end.reject(error);
    await idle();
  };
  /** One full round: as many calls as may be under way, answered one by one while others take their places. */
  const round = async (): Promise<void> => {
    const ends = beginMany(limit());
    for (const end of ends) {
      end.resolve(undefined);
      await idle();
      ends.push(begin());
      if (ends.length >= 2 * limit()) break;
    }
    await endAll(ends);
  };
  return { settings, clock, events, concurrency, limit, begin, beginMany, endAll, round };
}

describe('adaptive concurrency', () => {
  it('starts at initial, and refuses beyond it', async () => {
    const { concurrency, beginMany, limit } = setup({ initial: 3 });
    beginMany(3);
    await expect(concurrency.call(() => 1)).rejects.toThrow(BulkheadFullError);
    expect([limit(), concurrency.statistics()]).toMatchObject([3, { underWay: 3, rejected: 1, cuts: 0 }]);
  });

  it('allows one more after a round of answers in time, and no more than max', async () => {
    const { limit, round } = setup({ initial: 1, max: 3 });
    const seen: number[] = [];
    for (let at = 0; at < 8; at += 1) {
      await round();
      seen.push(limit());
    }
    expect(seen[0]).toBe(2);
    expect(seen.every((each, at) => each - (seen[at - 1] ?? 1) <= 1)).toBe(true);
    expect(seen.at(-1)).toBe(3);
  });

  it('adds exactly 1/limit for each answer while the limit is in use', async () => {
    const { concurrency, limit, begin } = setup({ initial: 4 });
    const others = [begin(), begin(), begin()];
    for (let answers = 1; answers <= 4; answers += 1) {
      expect(limit()).toBe(4);
      await concurrency.call(() => 'in time'); // the fourth under way
    }
    expect(limit()).toBe(4); // 4 + 1/4 + 1/4.25 + … is a little less than 5
    await concurrency.call(() => 'in time');
    expect(limit()).toBe(5);
    for (const other of others) other.resolve(undefined);
  });

  it('does not grow while fewer calls are made than are allowed', async () => {
    const { concurrency, limit } = setup({ initial: 2 });
    for (let at = 0; at < 50; at += 1) await concurrency.call(() => 'alone');
    expect(limit()).toBe(2);
  });

  it('is cut once for all calls that were under way, however many of them are slow', async () => {
    const { limit, clock, beginMany, endAll, events, concurrency } = setup({ initial: 40 });
    const burst = beginMany(40);
    clock.advance(101);
    await endAll(burst);
    expect(limit()).toBe(20);
    expect(events).toEqual([{ kind: 'concurrency-cut', policy: 'tracker', limit: 20 }]);
    const next = beginMany(20);
    clock.advance(101);
    await endAll(next);
    expect([limit(), concurrency.statistics().cuts]).toEqual([10, 2]);
  });

  it('hears nothing good either from calls that were under way at the cut', async () => {
    const { limit, clock, begin, endAll } = setup({ initial: 2 });
    const slow = begin();
    clock.advance(100);
    const quick = begin();
    clock.advance(1);
    await endAll([slow]);
    expect(limit()).toBe(1);
    await endAll([quick]);
    expect(limit()).toBe(1);
  });

  it('takes a call of exactly latencyMs for one in time', async () => {
    const { limit, clock, begin, endAll } = setup({ initial: 1, max: 5 });
    const call = begin();
    clock.advance(100);
    await endAll([call]);
    expect(limit()).toBe(2);
  });

  it.each([
    ['429', tooMany],
    ['throttling', Object.assign(new Error('slow down'), { name: 'ThrottlingException' })],
    [
      'a time to come back',
      Object.assign(new Error('busy'), { status: 503, headers: { 'retry-after': '7' } }),
    ],
    ['a time-out', new CallTimeoutError({ policy: 'tracker', afterMs: 50 })],
  ])('is cut by %s', async (_name, error) => {
    const { limit, endAll, beginMany } = setup({ initial: 8 });
    await endAll(beginMany(3), error);
    expect(limit()).toBe(4);
  });

  it.each([
    ['400', Object.assign(new Error('bad request'), { status: 400 })],
    ['500', Object.assign(new Error('broken'), { status: 500 })],
    ['a refused connection', Object.assign(new Error('down'), { code: 'ECONNREFUSED' })],
    ['a bug', new TypeError('bug')],
    ['a refusal by a policy within', new CircuitOpenError({ circuit: 'x', retryAfterMs: 5_000 })],
  ])('is left alone by %s', async (_name, error) => {
    const { limit, endAll, beginMany } = setup({ initial: 8 });
    await endAll(beginMany(8), error);
    expect(limit()).toBe(8);
  });

  it('is cut by an error that took too long, but not by a refusal that did', async () => {
    const { limit, clock, endAll, begin } = setup({ initial: 8 });
    const refused = begin();
    const failed = begin();
    clock.advance(101);
    const cause = new CircuitOpenError({ circuit: 'x', retryAfterMs: 5_000 });
    const exhausted = { policy: 'x', attempts: 3, totalMs: 101, stoppedBy: 'attempts', cause } as const;
    await endAll([refused], new RetryExhaustedError(exhausted));
    expect(limit()).toBe(8);
    await endAll([failed], new Error('broken'));
    expect(limit()).toBe(4);
  });

  it('does not take the end of the caller’s own time for an overload', async () => {
    const { limit, begin, endAll, clock } = setup({ initial: 8 });
    const whole = new AbortController();
    const call = begin({ signal: whole.signal });
    const reason = new CallTimeoutError({ policy: 'whole', afterMs: 20 });
    whole.abort(reason);
    await endAll([call], reason);
    expect(limit()).toBe(8);
    const slow = begin({ signal: new AbortController().signal });
    clock.advance(101);
    await endAll([slow], reason);
    expect(limit()).toBe(4);
  });

  it('lets the caller of a slow call go when it aborts, and learns from how long the call lasted', async () => {
    const { concurrency, limit, clock, endAll } = setup({ initial: 8 });
    const controller = new AbortController();
    const end = deferred<unknown>();
    const call = concurrency.call(() => end.promise, { signal: controller.signal });
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
    expect(concurrency.statistics()).toMatchObject({ underWay: 1, limit: 8 });
    clock.advance(101);
    await endAll([end]);
    expect(concurrency.statistics().underWay).toBe(0);
    expect(limit()).toBe(4);
  });

  it('loses no result to somebody who is told of a cut and throws', async () => {
    const { settings, clock } = setup();
    const concurrency = adaptiveConcurrencyOn({
      name: 'tracker',
      settings,
      isOverload: () => true,
      clock,
      emit: () => {
        throw new Error('sink');
      },
    });
    const slow = concurrency.call(() => {
      clock.advance(101);
      return 'answer';
    });
    expect(await slow).toBe('answer');
    expect(concurrency.statistics()).toMatchObject({ cuts: 1, underWay: 0 });
  });

  it('never goes below min, and says nothing where nothing changes', async () => {
    const { limit, events, endAll, beginMany } = setup({ initial: 3, min: 2 });
    for (let at = 0; at < 5; at += 1) await endAll(beginMany(1), tooMany);
    expect([limit(), events.length]).toEqual([2, 1]);
  });

  it('lets nobody in after a cut until there is room below the new limit', async () => {
    const { concurrency, endAll, beginMany, clock } = setup({ initial: 4, maxQueued: 5 });
    const [first, second, third, fourth] = beginMany(4);
    if (!first || !second || !third || !fourth) throw new Error('unreachable');
    let begun = 0;
    const waits = concurrency.call(() => {
      begun += 1;
    });
    await endAll([first], tooMany); // 4 → 2, and 3 are under way
    await endAll([second]);
    expect(begun).toBe(0);
    await endAll([third]);
    expect(begun).toBe(1);
    await waits;
    await endAll([fourth]);
    expect([concurrency.statistics().underWay, clock.pending, clock.now()]).toEqual([0, 0, START]);
  });

  it('obeys settings that change', async () => {
    const { settings, limit, endAll, beginMany } = setup({ initial: 10 });
    settings.max = 6;
    expect(limit()).toBe(6);
    settings.decrease = 0.9;
    await endAll(beginMany(1), tooMany);
    expect(limit()).toBe(5); // 6 × 0.9
    settings.min = 8;
    settings.max = 20;
    expect(limit()).toBe(8);
  });
});
