import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { BulkheadFullError } from '../../../lambdas/core/errors.ts';
import type { PipelineEvent } from '../../../lambdas/core/events.ts';
import { bulkheadOn } from '../../../lambdas/core/policies/bulkhead.ts';
import { fifo } from '../../../lambdas/core/policies/fifo.ts';
import type { PolicyCallOptions } from '../../../lambdas/core/policies/policy.ts';
import type { BulkheadSettings } from '../../../lambdas/core/policies/settings.ts';
import { type Deferred, deferred, fakeClock, idle, START } from '../fixtures.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function setup(overrides: Partial<BulkheadSettings> = {}) {
  const settings: Mutable<BulkheadSettings> = {
    maxConcurrent: 2,
    maxQueued: 2,
    maxWaitMs: 1_000,
    ...overrides,
  };
  const clock = fakeClock();
  const events: PipelineEvent[] = [];
  const bulkhead = bulkheadOn({ name: 'tracker', settings, clock, emit: (event) => void events.push(event) });
  const begun: string[] = [];
  const ends = new Map<string, Deferred<string>>();
  const outcomes: string[] = [];

  /** Begin a call that lasts until `end(name)`; its outcome is noted. */
  function call(name: string, options?: PolicyCallOptions): Promise<string> {
    const end = deferred<string>();
    ends.set(name, end);
    const result = bulkhead.call(() => {
      begun.push(name);
      return end.promise;
    }, options);
    result.then(
      () => outcomes.push(`${name} succeeded`),
      (error: unknown) => outcomes.push(`${name}: ${error instanceof Error ? error.name : String(error)}`),
    );
    return result;
  }
  const calls = (names: string): void => {
    for (const name of names) call(name).catch(() => {});
  };
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.resolve(name);
    await idle();
  };
  return { settings, clock, events, bulkhead, begun, outcomes, call, calls, end };
}

describe('a bulkhead', () => {
  it('hands on results, the very errors, the signal and the deadline', async () => {
    const { bulkhead } = setup();
    const { signal } = new AbortController();
    const given = await bulkhead.call((...args) => args, { signal, deadlineEpochMs: START + 5 });
    expect(given).toEqual([signal, START + 5]);
    const [none, never] = await bulkhead.call((...args) => args);
    expect([none.aborted, never]).toEqual([false, Number.POSITIVE_INFINITY]);
    const failure = new Error('down');
    await expect(bulkhead.call(() => Promise.reject(failure))).rejects.toBe(failure);
  });

  it('begins maxConcurrent calls in the same tick, lets maxQueued wait and refuses the rest at once', async () => {
    const { bulkhead, events, begun, outcomes, calls, clock } = setup();
    calls('abcdef');
    expect(begun).toEqual(['a', 'b']);
    await idle();
    expect(outcomes).toEqual(['e: BulkheadFullError', 'f: BulkheadFullError']);
    expect(events).toEqual([
      { kind: 'bulkhead-full', policy: 'tracker' },
      { kind: 'bulkhead-full', policy: 'tracker' },
    ]);
    expect(bulkhead.statistics()).toEqual({
      underWay: 2,
      queued: 2,
      calls: 2,
      rejected: 2,
      waited: 2,
      longestWaitMs: 0,
    });
    expect(clock.pending).toBe(2); // one timer for each who waits
  });

  it('lets in who has waited longest, and nobody before them', async () => {
    const { bulkhead, begun, calls, clock, end } = setup({ maxConcurrent: 1, maxQueued: 3 });
    calls('abc');
    clock.advance(300);
    await end('a');
    calls('d');
    await end('b');
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    expect(bulkhead.statistics()).toMatchObject({ calls: 4, waited: 3, longestWaitMs: 300 });
    await end('d');
    expect(bulkhead.statistics()).toMatchObject({ underWay: 0, queued: 0 });
    expect(clock.pending).toBe(0);
  });

  it('refuses who has waited maxWaitMs, exactly then', async () => {
    const { begun, outcomes, calls, clock, end } = setup({ maxConcurrent: 1 });
    calls('ab');
    await clock.pass(999);
    expect(outcomes).toEqual([]);
    await clock.pass(1);
    expect(outcomes).toEqual(['b: BulkheadFullError']);
    await end('a');
    expect(begun).toEqual(['a']);
  });

  it('lets nobody wait beyond the deadline of the caller', async () => {
    const { outcomes, call, calls, clock } = setup({ maxConcurrent: 1 });
    calls('a');
    call('late', { deadlineEpochMs: START }).catch(() => {});
    call('soon', { deadlineEpochMs: START + 10 }).catch(() => {});
    await idle();
    expect(outcomes).toEqual(['late: BulkheadFullError']); // that is certain
    await clock.pass(9);
    expect(outcomes).toHaveLength(1); // that was not, until the time is there
    await clock.pass(1);
    expect(outcomes).toEqual(['late: BulkheadFullError', 'soon: BulkheadFullError']);
  });

  it('lets nobody in whose time is over, even if a stalled process has kept the timer from saying so', async () => {
    const { settings, outcomes, begun, clock } = setup({ maxConcurrent: 1 });
    let now = START;
    const stalled = bulkheadOn({
      name: 'tracker',
      settings,
      clock: { now: () => now, after: () => () => {} },
      emit() {},
    });
    const first = deferred();
    void stalled.call(() => first.promise);
    const second = stalled.call(() => begun.push('second'));
    now += 1_001;
    first.resolve();
    await expect(second).rejects.toThrow(BulkheadFullError);
    expect([begun, outcomes, clock.pending]).toEqual([[], [], 0]);
  });

  it('gives up waiting in the tick in which the signal aborts, with its reason', async () => {
    const { bulkhead, outcomes, begun, call, calls, clock, end } = setup({ maxConcurrent: 1 });
    const controller = new AbortController();
    calls('a');
    const waiting = call('b', { signal: controller.signal });
    calls('c');
    const reason = new Error('never mind');
    controller.abort(reason);
    expect(bulkhead.statistics()).toMatchObject({ queued: 1 });
    await expect(waiting).rejects.toBe(reason);
    calls('d'); // the place in the line is free again
    await end('a');
    expect(begun).toEqual(['a', 'c']);
    expect(outcomes).toEqual(['b: Error', 'a succeeded']);
    await end('c');
    await end('d');
    expect(bulkhead.statistics()).toMatchObject({ underWay: 0, queued: 0, rejected: 0 });
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing behind at a signal that outlives the wait', async () => {
    const { call, calls, clock, end } = setup({ maxConcurrent: 1 });
    const { signal } = new AbortController();
    calls('a');
    call('b', { signal }).catch(() => {});
    call('c', { signal }).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    await end('a');
    await clock.pass(1_000);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1); // that of b, which is under way
    await end('b');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('lets the caller go in the tick of the abort, and keeps the slot until the operation ends', async () => {
    const { bulkhead, outcomes, begun, call, calls, end } = setup({ maxConcurrent: 1 });
    const controller = new AbortController();
    const stubborn = call('a', { signal: controller.signal });
    calls('b');
    const reason = new Error('never mind');
    controller.abort(reason);
    await expect(stubborn).rejects.toBe(reason);
    expect(bulkhead.statistics()).toMatchObject({ underWay: 1, queued: 1 });
    expect(begun).toEqual(['a']);
    await end('a');
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(outcomes).toEqual(['a: Error', 'b succeeded']);
    expect(bulkhead.statistics()).toMatchObject({ underWay: 0, queued: 0 });
  });

  it('refuses who has waited, and lets in the next, though somebody who is told throws', async () => {
    const { settings, clock } = setup();
    const bulkhead = bulkheadOn({
      name: 'tracker',
      settings: { ...settings, maxConcurrent: 1, maxQueued: 1 },
      clock,
      emit: () => {
        throw new Error('sink');
      },
    });
    const first = deferred();
    void bulkhead.call(() => first.promise);
    const waiting = bulkhead.call(() => 'never');
    await expect(bulkhead.call(() => 'never')).rejects.toThrow(BulkheadFullError);
    const refused = expect(waiting).rejects.toThrow(BulkheadFullError);
    await clock.pass(1_000); // a timer of a real clock would end the process
    await refused;
    const last = bulkhead.call(() => 'in');
    first.resolve();
    expect(await last).toBe('in');
  });

  it('begins nothing whose signal has aborted, not even between being let in and beginning', async () => {
    const { bulkhead, begun, call, calls } = setup({ maxConcurrent: 1 });
    await expect(call('a', { signal: AbortSignal.abort('gone') })).rejects.toBe('gone');
    const controller = new AbortController();
    const slot = await bulkhead.enter();
    const waiting = call('b', { signal: controller.signal });
    if (!(slot instanceof BulkheadFullError)) slot.leave(); // lets b in
    controller.abort('too late');
    await expect(waiting).rejects.toBe('too late');
    expect(begun).toEqual([]);
    calls('c');
    expect(begun).toEqual(['c']);
  });

  it('frees the slot of a call that fails, also if it throws before it is asynchronous', async () => {
    const { bulkhead } = setup({ maxConcurrent: 1, maxQueued: 0 });
    const failure = new Error('bug');
    const throws = (): never => {
      throw failure;
    };
    await expect(bulkhead.call(throws)).rejects.toBe(failure);
    await expect(bulkhead.call(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(await bulkhead.call(() => 'free')).toBe('free');
  });

  it('does not wait where nobody may', async () => {
    for (const overrides of [{ maxQueued: 0 }, { maxWaitMs: 0 }]) {
      const { outcomes, calls, clock } = setup(overrides);
      calls('abc');
      await idle();
      expect([outcomes, clock.pending]).toEqual([['c: BulkheadFullError'], 0]);
    }
  });

  it('obeys settings that change: a higher limit at the next event, a lower one as calls end', async () => {
    const { settings, begun, calls, call, end, clock } = setup({ maxConcurrent: 1, maxQueued: 5 });
    calls('abcd');
    settings.maxConcurrent = 3;
    expect(begun).toEqual(['a']);
    calls('e'); // an event: b and c come in before it
    await idle();
    expect(begun).toEqual(['a', 'b', 'c']);
    settings.maxConcurrent = 1;
    await end('a');
    await end('b');
    expect(begun).toHaveLength(3);
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    settings.maxConcurrent = 2;
    await clock.pass(1_000); // e's time is over: an event that lets it in just so
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    const controller = new AbortController();
    const leaves = call('f', { signal: controller.signal });
    calls('g');
    settings.maxConcurrent = 3;
    controller.abort();
    await expect(leaves).rejects.toThrow();
    expect(begun.at(-1)).toBe('g');
  });
});

describe('who is refused', () => {
  const refusal = async (refused: Promise<unknown>): Promise<number> => {
    const error = await refused.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BulkheadFullError);
    return error instanceof BulkheadFullError ? error.retryAfterMs : Number.NaN;
  };

  it('comes back when a place is free behind all who wait, at the pace of late', async () => {
    const { bulkhead, call, calls, clock, end } = setup({
      maxConcurrent: 2,
      maxQueued: 3,
      maxWaitMs: 60_000,
    });
    calls('ab');
    calls('cde');
    expect(await refusal(call('f'))).toBe(2_000); // 4 × 1 s by guess ÷ 2
    clock.advance(400);
    await end('a');
    calls('g');
    expect(await refusal(call('h'))).toBe(800); // 4 × 400 ms ÷ 2
    clock.advance(400);
    await end('c');
    await end('b'); // took 800 ms: the mean is 400 + (400 − 400) ÷ 8 + (800 − 400) ÷ 8
    expect(bulkhead.statistics()).toMatchObject({ queued: 1, underWay: 2 });
    calls('ij');
    expect(await refusal(call('k'))).toBe(4 * (450 / 2));
  });

  it('comes back later the longer nobody has gone, but within a minute', async () => {
    const { call, calls, clock, end } = setup({ maxConcurrent: 1, maxQueued: 0 });
    calls('a');
    clock.advance(10);
    await end('a');
    clock.advance(5_000); // idle: that says nothing
    calls('b');
    expect(await refusal(call('c'))).toBe(10);
    clock.advance(3_000);
    expect(await refusal(call('d'))).toBe(3_000);
    clock.advance(300_000);
    expect(await refusal(call('e'))).toBe(60_000);
  });

  it('does not count itself among those who wait when its time is over', async () => {
    const { call, calls, clock } = setup({ maxConcurrent: 1, maxQueued: 1, maxWaitMs: 100 });
    calls('a');
    const refused = refusal(call('b'));
    await clock.pass(100);
    expect(await refused).toBe(1_000);
  });

  it('never comes back at once', async () => {
    const { call, calls, end } = setup({ maxConcurrent: 1, maxQueued: 0 });
    calls('a');
    await end('a');
    calls('b');
    expect(await refusal(call('c'))).toBe(1);
  });
});

describe('a slot', () => {
  async function slotOf({ bulkhead }: ReturnType<typeof setup>, options?: PolicyCallOptions) {
    const slot = await bulkhead.enter(options);
    if (slot instanceof BulkheadFullError) throw slot;
    return slot;
  }

  it('is kept until it is left, once', async () => {
    const world = setup({ maxConcurrent: 1, maxQueued: 0 });
    const slot = await slotOf(world);
    expect(await world.bulkhead.enter()).toBeInstanceOf(BulkheadFullError);
    expect(await slot.call(() => 'in it')).toBe('in it');
    expect(await slot.call(() => 'again')).toBe('again');
    expect(world.bulkhead.statistics().underWay).toBe(1);
    slot.leave();
    slot.leave();
    expect(world.bulkhead.statistics().underWay).toBe(0);
  });

  it('is waited for like any other, and is given back with the reason of an abort', async () => {
    const world = setup({ maxConcurrent: 1 });
    const slot = await slotOf(world);
    const controller = new AbortController();
    const next = slotOf(world, { signal: controller.signal });
    const last = slotOf(world);
    controller.abort('gone');
    await expect(next).rejects.toBe('gone');
    slot.leave();
    (await last).leave();
    expect(world.bulkhead.statistics()).toMatchObject({ underWay: 0, queued: 0, calls: 2 });
  });

  it('holds one call at a time; those beside it and after it find a slot of their own', async () => {
    const world = setup({ maxConcurrent: 1, maxQueued: 0 });
    const slot = await slotOf(world);
    const end = deferred();
    const call = slot.call(() => end.promise);
    await expect(slot.call(() => 'beside')).rejects.toThrow(BulkheadFullError);
    slot.leave(); // takes effect when the call ends
    expect(world.bulkhead.statistics().underWay).toBe(1);
    end.resolve();
    await call;
    expect(world.bulkhead.statistics().underWay).toBe(0);
    await slot.call(() => 'after');
    expect(world.bulkhead.statistics()).toMatchObject({ underWay: 0, calls: 2 });
  });
});

it('keeps a line in order, whoever steps out', () => {
  const line = fifo<number>();
  const places = [0, 1, 2, 3, 4].map((value) => line.add(value));
  for (const out of [2, 2, 0, 4]) places[out]?.leave();
  expect([line.size, line.first, places.map(({ taken }) => taken)]).toEqual([
    2,
    1,
    [false, true, false, true, false],
  ]);
  line.add(5);
  for (const out of [1, 3]) places[out]?.leave();
  expect([line.size, line.first]).toEqual([1, 5]);
});
