import { describe, expect, it } from 'vitest';
import { CallTimeoutError, HandlerTimeoutError } from '../../../lambdas/core/errors.ts';
import { timeoutOn } from '../../../lambdas/core/policies/timeout.ts';
import type { FakeClock } from '../../../lambdas/testing/fake-clock.ts';
import { deferred, fakeClock, idle, START } from '../fixtures.ts';
import { down, listenersOf, policyWorld, stubborn, watched } from './parts.ts';

describe('a time-out', () => {
  it('hands on results and the very errors, of operations that answer at once too', async () => {
    const { timeout, events } = policyWorld();
    const policy = timeout(100);
    expect(await policy.call(async () => 'later')).toBe('later');
    expect(await policy.call(() => 'at once')).toBe('at once');
    await expect(policy.call(() => Promise.reject(down))).rejects.toBe(down);
    const thrown = policy.call(() => {
      throw down;
    });
    await expect(thrown).rejects.toBe(down);
    expect(events).toEqual([]);
    expect(policy.statistics()).toEqual({ calls: 4, timedOut: 0 });
  });

  it('rejects at the very tick, though the operation does not heed its signal', async () => {
    const { clock, timeout, events } = policyWorld();
    const operation = stubborn();
    const call = watched(timeout(1_000).call(operation));
    await clock.pass(999);
    expect(call.state).toBe('pending');
    expect(operation.signals[0]?.aborted).toBe(false);
    await clock.pass(1);
    expect(call.error).toMatchObject({ name: 'CallTimeoutError', policy: 'time-out', afterMs: 1_000 });
    expect(operation.signals[0]?.reason).toBe(call.error);
    expect(events).toEqual([{ kind: 'call-timed-out', policy: 'time-out', afterMs: 1_000 }]);
  });

  it('ends each of many calls at its own time, with one timer', async () => {
    const { clock, timeout } = policyWorld();
    const policy = timeout(1_000);
    const calls = [];
    for (let at = 0; at < 10; at += 1) {
      calls.push(watched(policy.call(stubborn())));
      expect(clock.pending).toBe(1);
      await clock.pass(1);
    }
    await clock.pass(989);
    for (const [at, call] of calls.entries()) {
      expect(call.state).toBe('pending');
      await clock.pass(1);
      expect(call.state, `call ${at}`).toBe('rejected');
    }
    expect(clock.pending).toBe(0);
  });

  it('does not abort the signal of a call that has ended', async () => {
    const { clock, timeout } = policyWorld();
    const policy = timeout(1_000);
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const note = async (signal: AbortSignal): Promise<void> => void signals.push(signal);
    const fail = async (signal: AbortSignal): Promise<never> => {
      signals.push(signal);
      throw down;
    };
    await policy.call(note, { signal: controller.signal });
    await policy.call(fail, { signal: controller.signal }).catch(() => {});
    await clock.pass(2_000);
    controller.abort();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  it('passes an abort on at once and rejects with its reason', async () => {
    const { timeout, events } = policyWorld();
    const controller = new AbortController();
    const { signal } = controller;
    const operation = stubborn();
    const call = watched(timeout(1_000).call(operation, { signal }));
    controller.abort('enough');
    expect(operation.signals[0]?.reason).toBe('enough');
    await idle();
    expect(call.error).toBe('enough');
    expect(listenersOf(signal)).toBe(0);
    expect(events).toEqual([]);
    const late = stubborn();
    await expect(timeout(1_000).call(late, { signal })).rejects.toBe('enough');
    expect(late.signals).toEqual([]);
  });

  it('rejects when the operation itself aborts the caller', async () => {
    const { clock, timeout } = policyWorld();
    const controller = new AbortController();
    const call = timeout(1_000).call(
      () => {
        controller.abort('enough');
        return new Promise(() => {});
      },
      { signal: controller.signal },
    );
    await expect(call).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
  });

  it('leaves no listener on the caller signal, however the call ends', async () => {
    const { clock, timeout } = policyWorld();
    const { signal } = new AbortController();
    const policy = timeout(1_000);
    await policy.call(() => 'fine', { signal });
    await policy.call(() => Promise.reject(down), { signal }).catch(() => {});
    const late = policy.call(stubborn(), { signal }).catch(() => {});
    expect(listenersOf(signal)).toBe(1);
    clock.advance(1_000);
    await late;
    expect(listenersOf(signal)).toBe(0);
  });

  it('keeps to the earlier of its own time and the caller deadline, and tells the operation', async () => {
    const { clock, timeout } = policyWorld();
    const policy = timeout(1_000);
    expect(await policy.call((_signal, deadline) => deadline)).toBe(START + 1_000);
    expect(await policy.call((_signal, deadline) => deadline, { deadlineEpochMs: START + 9_000 })).toBe(
      START + 1_000,
    );
    const call = watched(policy.call(stubborn(), { deadlineEpochMs: START + 300 }));
    await clock.pass(299);
    expect(call.state).toBe('pending');
    await clock.pass(1);
    expect(call.error).toMatchObject({ afterMs: 300 });
  });

  it('tells whether its own time was over, or that of the caller', async () => {
    const { clock, timeout } = policyWorld();
    const policy = timeout(100);
    const endsBy = async (deadlineEpochMs?: number): Promise<unknown> => {
      const call = watched(policy.call(stubborn(), deadlineEpochMs === undefined ? {} : { deadlineEpochMs }));
      await clock.pass(100);
      return call.error;
    };
    expect(await endsBy()).toMatchObject({ cutShort: false, afterMs: 100 });
    expect(await endsBy(clock.now() + 100)).toMatchObject({ cutShort: false, afterMs: 100 });
    expect(await endsBy(clock.now() + 99)).toMatchObject({ cutShort: true, afterMs: 99 });
    expect(await endsBy(clock.now())).toMatchObject({ cutShort: true, afterMs: 0 });
  });

  describe.each([
    ['of what is under way', START + 100],
    ['of what would begin at that moment', START],
  ])(
    'lets the signal of the caller have the first word on the end of its time: %s',
    (_what, deadlineEpochMs) => {
      const abortsAt = (clock: FakeClock, reason: Error) => {
        const controller = new AbortController();
        const inMs = deadlineEpochMs - clock.now();
        return { signal: controller.signal, arm: () => clock.after(inMs, () => controller.abort(reason)) };
      };

      it.each(['first', 'last'] as const)('it aborts %s', async (order) => {
        const { clock, timeout, events } = policyWorld();
        const policy = timeout(1_000);
        const reason = new HandlerTimeoutError(100);
        const { signal, arm } = abortsAt(clock, reason);
        if (order === 'first') arm();
        const call = watched(policy.call(stubborn(), { signal, deadlineEpochMs }));
        if (order === 'last') arm();
        await clock.pass(deadlineEpochMs - START);
        expect(call.error).toBe(reason);
        expect([events, policy.statistics().timedOut]).toEqual([[], 0]);
        expect([listenersOf(signal), clock.pending]).toEqual([0, 0]);
      });

      it('it does not abort: the call ends at that moment all the same', async () => {
        const { clock, timeout, events } = policyWorld();
        const { signal } = new AbortController();
        const operation = stubborn();
        const call = watched(timeout(1_000).call(operation, { signal, deadlineEpochMs }));
        const afterMs = deadlineEpochMs - START;
        await clock.pass(afterMs);
        expect(call.error).toMatchObject({ name: 'CallTimeoutError', cutShort: true, afterMs });
        expect(operation.signals.map((given) => given.reason)).toEqual(afterMs === 0 ? [] : [call.error]);
        expect(events).toEqual([{ kind: 'call-timed-out', policy: 'time-out', afterMs }]);
        expect([listenersOf(signal), clock.pending]).toEqual([0, 0]);
      });
    },
  );

  it('hands on what comes while it lets the signal of the caller go first', async () => {
    let now = START;
    let timers: (() => void)[] = [];
    const clock = {
      now: () => now,
      after(_ms: number, ring: () => void) {
        timers.push(ring);
        return () => {
          timers = timers.filter((each) => each !== ring);
        };
      },
    };
    const ringAll = (): void => {
      for (const ring of timers.splice(0)) ring();
    };
    const policy = timeoutOn({ name: 'tracker', settings: { timeoutMs: 1_000 }, clock, emit: () => {} });
    const work = deferred<string>();
    const signals: AbortSignal[] = [];
    const operation = (signal: AbortSignal): Promise<string> => {
      signals.push(signal);
      return work.promise;
    };
    const { signal } = new AbortController();
    const call = policy.call(operation, { signal, deadlineEpochMs: START + 100 });
    now += 100;
    ringAll();
    work.resolve('just in time');
    expect(await call).toBe('just in time');
    for (let turn = 0; turn < 3; turn += 1) ringAll();
    expect([signals[0]?.aborted, policy.statistics().timedOut, listenersOf(signal)]).toEqual([false, 0, 0]);
  });

  it('does not begin what has no time at all', async () => {
    const { timeout } = policyWorld();
    const operation = stubborn();
    const call = watched(timeout(1_000).call(operation, { deadlineEpochMs: START }));
    await idle();
    expect(call.error).toMatchObject({ name: 'CallTimeoutError', afterMs: 0 });
    expect(operation.signals).toEqual([]);
  });

  it('reads its setting at each call', async () => {
    const clock = fakeClock();
    const settings = { timeoutMs: 1_000 };
    const policy = timeoutOn({ name: 'tracker', settings, clock, emit: () => {} });
    const long = watched(policy.call(stubborn()));
    settings.timeoutMs = 100;
    const short = watched(policy.call(stubborn()));
    await clock.pass(100);
    expect([long.state, short.state]).toEqual(['pending', 'rejected']);
    await clock.pass(900);
    expect(long.state).toBe('rejected');
  });

  it('goes by the clock where a timer rings late: an environment was frozen', async () => {
    let now = START;
    const rings: (() => void)[] = [];
    const frozen = {
      now: () => now,
      after(_ms: number, ring: () => void) {
        rings.push(ring);
        return () => {};
      },
    };
    const policy = timeoutOn({
      name: 'tracker',
      settings: { timeoutMs: 100 },
      clock: frozen,
      emit: () => {},
    });
    const before = watched(policy.call(stubborn()));
    now += 3_600_000;
    const after = watched(policy.call(stubborn()));
    rings[0]?.();
    await idle();
    expect([before.state, after.state]).toEqual(['rejected', 'pending']);
  });

  it('sets the alarm anew when it rings early', async () => {
    let now = START;
    const delays: number[] = [];
    let ring = (): void => {};
    const early = {
      now: () => now,
      after: (ms: number, action: () => void) => {
        delays.push(ms);
        ring = action;
        return () => {};
      },
    };
    const policy = timeoutOn({ name: 'tracker', settings: { timeoutMs: 100 }, clock: early, emit: () => {} });
    const call = watched(policy.call(stubborn()));
    now += 99;
    ring();
    await idle();
    expect(call.state).toBe('pending');
    expect(delays).toEqual([100, 1]);
    now += 1;
    ring();
    await idle();
    expect(call.state).toBe('rejected');
  });

  it('keeps the process alive for a moment at most when nothing is under way', async () => {
    const { clock, timeout } = policyWorld();
    await timeout(600_000).call(() => 'fine');
    expect(clock.pending).toBe(1);
    clock.advance(250);
    expect(clock.pending).toBe(0);
  });

  it('drops what comes after the time-out, errors too', async () => {
    const { clock, timeout } = policyWorld();
    const work = deferred<string>();
    const call = watched(timeout(100).call(() => work.promise));
    await clock.pass(100);
    work.reject(down); // would be an unhandled rejection
    await idle();
    expect(call.error).toBeInstanceOf(CallTimeoutError);
  });

  it('ends all that are due, though somebody who is told throws', async () => {
    const clock = fakeClock();
    const policy = timeoutOn({
      name: 'tracker',
      settings: { timeoutMs: 100 },
      clock,
      emit: () => {
        throw new Error('sink');
      },
    });
    const calls = [watched(policy.call(stubborn())), watched(policy.call(stubborn()))];
    await clock.pass(100);
    expect(calls.map(({ error }) => error)).toEqual([
      expect.any(CallTimeoutError),
      expect.any(CallTimeoutError),
    ]);
  });
});
