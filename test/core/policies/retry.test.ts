import { describe, expect, it } from 'vitest';
import {
  BulkheadFullError,
  CircuitOpenError,
  DeferError,
  HandlerTimeoutError,
  PermanentError,
  RateLimitedError,
  RetryAfterError,
} from '../../../lambdas/core/errors.ts';
import { HttpStatusError } from '../../../lambdas/core/http.ts';
import { retryOn } from '../../../lambdas/core/policies/retry.ts';
import { fakeClock, idle, START } from '../fixtures.ts';
import { down, failing, listenersOf, policyWorld, retrySettings, stubborn, watched } from './parts.ts';

const http = (status: number, headers: Record<string, string> = {}) =>
  new HttpStatusError({ status, headers: new Headers(headers), url: 'https://tracker.example' });

describe('a retry', () => {
  it('makes one attempt of what succeeds', async () => {
    const { clock, retry, events } = policyWorld();
    const policy = retry();
    expect(await policy.call(failing())).toBe('answer');
    expect(await policy.call(() => 'at once')).toBe('at once');
    expect(clock.pending).toBe(0);
    expect(events).toEqual([]);
  });

  it('repeats after the delays of its back-off, to the tick, and tells of it', async () => {
    const { clock, retry, events } = policyWorld();
    const operation = failing(down, down);
    const call = watched(retry().call(operation));
    await clock.pass(99);
    expect(operation.state.calls).toBe(1);
    await clock.pass(1);
    expect(operation.state.calls).toBe(2);
    await clock.pass(199);
    expect(operation.state.calls).toBe(2);
    await clock.pass(1);
    expect(call).toMatchObject({ state: 'fulfilled', value: 'answer' });
    expect(events).toMatchObject([
      { kind: 'call-retried', policy: 'retry', attempt: 1, delayMs: 100, error: { message: 'down' } },
      { kind: 'call-retried', policy: 'retry', attempt: 2, delayMs: 200 },
      { kind: 'call-recovered', policy: 'retry', attempts: 3, totalMs: 300 },
    ]);
  });

  it('gives up after its attempts, with the last error as the cause', async () => {
    const { clock, retry, events } = policyWorld();
    const errors = [1, 2, 3].map((at) => Object.assign(new Error(`down ${at}`), { code: 'ECONNRESET' }));
    const call = watched(retry().call(failing(...errors)));
    await clock.pass(100);
    await clock.pass(200);
    expect(call.error).toMatchObject({
      name: 'RetryExhaustedError',
      message: '"retry" failed after 3 attempts: no attempt is left',
      policy: 'retry',
      attempts: 3,
      totalMs: 300,
      stoppedBy: 'attempts',
      cause: errors[2],
      statistics: { attempts: 3, successfulAttempt: undefined, totalMs: 300, lastError: errors[2] },
    });
    expect(events.at(-1)).toMatchObject({
      kind: 'call-retries-exhausted',
      attempts: 3,
      totalMs: 300,
      stoppedBy: 'attempts',
      error: { message: 'down 3' },
    });
  });

  it.each([
    ['HTTP 400', http(400)],
    ['HTTP 401', http(401)],
    ['HTTP 403', http(403)],
    ['HTTP 404', http(404)],
    ['HTTP 501', http(501)],
    ['a validation error', Object.assign(new Error('invalid'), { name: 'ZodError' })],
    ['a permanent error', new PermanentError('no')],
    ['an open circuit', new CircuitOpenError({ circuit: 'tracker', retryAfterMs: 10 })],
    ['a rate limit', new RateLimitedError({ policy: 'tracker', retryAfterMs: 10 })],
    [
      'a refusal within another error',
      new Error('wrapped', { cause: new RateLimitedError({ policy: 'tracker', retryAfterMs: 10 }) }),
    ],
    ['a wish to come back later', new DeferError('not now', { deferForMs: 10 })],
    ['the end of the handler', new HandlerTimeoutError(10)],
    ['an abort from elsewhere', new DOMException('aborted', 'AbortError')],
  ])('throws %s as it is, at once', async (_what, error) => {
    const { clock, retry, events } = policyWorld();
    const operation = failing(error);
    const call = watched(retry().call(operation));
    await idle();
    expect(call.error).toBe(error);
    expect(operation.state.calls).toBe(1);
    expect(clock.pending).toBe(0);
    expect(events).toEqual([]);
  });

  it.each([
    ['a rate limit', new RateLimitedError({ policy: 'tracker', retryAfterMs: 10 })],
    ['a full bulkhead', new BulkheadFullError({ policy: 'tracker', retryAfterMs: 10 })],
    [
      'a limit further in',
      new Error('wrapped', { cause: new RateLimitedError({ policy: 'tracker', retryAfterMs: 10 }) }),
    ],
  ])('ends with the failure of the call where %s refuses its repetition', async (_what, refusal) => {
    const { clock, retry, events } = policyWorld();
    const policy = retry();
    const operation = failing(down, refusal);
    const call = watched(policy.call(operation));
    await clock.pass(100);
    expect(call.error).toMatchObject({
      name: 'RetryExhaustedError',
      message: '"retry" failed after 1 attempt: a limit refused the next one',
      stoppedBy: 'refused',
      attempts: 1,
      totalMs: 100,
      cause: down,
    });
    expect(operation.state.calls).toBe(2);
    expect(events.at(-1)).toMatchObject({
      kind: 'call-retries-exhausted',
      attempts: 1,
      stoppedBy: 'refused',
      error: { message: 'down' },
    });
    expect(policy.statistics()).toMatchObject({
      exhausted: { refused: 1 },
      failed: 0,
      lastError: 'Error: down',
    });
  });

  it.each([
    ['an open circuit', new CircuitOpenError({ circuit: 'tracker', retryAfterMs: 10 })],
    ['a wish to come back later', new DeferError('not now', { deferForMs: 10 })],
  ])('throws %s as it is after a failure too', async (_what, error) => {
    const { clock, retry } = policyWorld();
    const call = watched(retry().call(failing(down, error)));
    await clock.pass(100);
    expect(call.error).toBe(error);
  });

  it.each([
    ['a refused connection', down],
    ['a time-out', new DOMException('too late', 'TimeoutError')],
    ['HTTP 429', http(429)],
    ['HTTP 500', http(500)],
    ['HTTP 502', http(502)],
    ['HTTP 503', http(503)],
    ['HTTP 504', http(504)],
    ['fetch that failed by the network', new TypeError('fetch failed', { cause: down })],
  ])('repeats %s', async (_what, error) => {
    const { clock, retry } = policyWorld();
    const call = watched(retry().call(failing(error)));
    await clock.pass(100);
    expect(call.value).toBe('answer');
  });

  it.each([
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['a date', { 'retry-after': new Date(START + 45_000).toUTCString() }, 45_000],
    ['a date that has passed', { 'retry-after': new Date(START - 45_000).toUTCString() }, 100],
    ['0 seconds', { 'retry-after': '0' }, 100],
    ['less than the back-off', { 'retry-after': '0.05' }, 100],
    ['nonsense', { 'retry-after': 'soon' }, 100],
  ])('waits at least what Retry-After says: %s', async (_what, headers, delayMs) => {
    const { clock, retry } = policyWorld();
    const operation = failing(http(429, headers));
    const call = watched(retry().call(operation));
    await clock.pass(delayMs - 1);
    expect(operation.state.calls).toBe(1);
    await clock.pass(1);
    expect(call.value).toBe('answer');
  });

  it('does not wait for longer than any invocation lasts, and no timer could hold it', async () => {
    const { clock, retry } = policyWorld();
    const call = watched(retry().call(failing(http(503, { 'retry-after': '999999999' }))));
    await idle();
    expect(call.error).toMatchObject({ attempts: 1, stoppedBy: 'deadline' });
    expect(clock.pending).toBe(0);
  });

  it.each([
    [START + 101, 'fulfilled'],
    [START + 100, 'rejected'],
  ])('does not wait in vain: a deadline of %i', async (deadlineEpochMs, state) => {
    const { clock, retry } = policyWorld();
    const call = watched(retry().call(failing(down), { deadlineEpochMs }));
    await idle();
    if (state === 'rejected') {
      expect(call.error).toMatchObject({ name: 'RetryExhaustedError', stoppedBy: 'deadline', attempts: 1 });
      expect(clock.pending).toBe(0);
    }
    await clock.pass(100);
    expect(call.state).toBe(state);
  });

  it('makes no attempt after the deadline when its timer rang late', async () => {
    const { clock, retry } = policyWorld();
    let late = 0;
    const thawed = { ...clock, now: () => clock.now() + late };
    const operation = failing(down);
    const call = watched(retry({}, { clock: thawed }).call(operation, { deadlineEpochMs: START + 1_000 }));
    await idle();
    late = 3_600_000;
    await clock.pass(100);
    expect(call.error).toMatchObject({ stoppedBy: 'deadline', attempts: 1, cause: down });
    expect(operation.state.calls).toBe(1);
  });

  it('spends no token where it does not repeat', async () => {
    const { retry } = policyWorld();
    let taken = 0;
    const take = (): boolean => {
      taken += 1;
      return true;
    };
    const budget = { called: () => {}, take, tokens: () => 1 };
    const policy = retry({ attempts: 2, firstDelayMs: 0 }, { budget });
    await policy.call(failing(), {});
    await policy.call(failing(http(400))).catch(() => {});
    await policy.call(failing(down), { deadlineEpochMs: START }).catch(() => {});
    expect(taken).toBe(0);
    await policy.call(failing(down, down)).catch(() => {});
    expect(taken).toBe(1);
  });

  it('stops when the budget of its settings is spent', async () => {
    const { retry } = policyWorld();
    const policy = retry({ firstDelayMs: 0, budget: { capacity: 1, perSecond: 0, perCall: 0.5 } });
    const fails = (): Promise<never> => Promise.reject(down);
    const outcomes = [];
    for (let at = 0; at < 3; at += 1) outcomes.push(await policy.call(fails).catch((error) => error));
    expect(outcomes).toMatchObject([
      { stoppedBy: 'budget', attempts: 2 },
      { stoppedBy: 'budget', attempts: 1 },
      { stoppedBy: 'budget', attempts: 2 },
    ]);
  });

  it('reads its settings at each attempt', async () => {
    const clock = fakeClock();
    const settings = { ...retrySettings({ kind: 'fixed' }) };
    const policy = retryOn({
      name: 'retry',
      settings,
      classify: () => ({ retryable: true, reason: 'UNKNOWN', dependency: true }),
      clock,
      random: () => 0.5,
      emit: () => {},
    });
    const operation = failing(down, down, down, down, down);
    const call = watched(policy.call(operation));
    await idle();
    Object.assign(settings, { firstDelayMs: 1_000, attempts: 9 });
    await clock.pass(100);
    await clock.pass(999);
    expect(operation.state.calls).toBe(2);
    Object.assign(settings, { budget: { capacity: 1, perSecond: 0, perCall: 0 } });
    await clock.pass(1);
    await clock.pass(1_000);
    expect(call.error).toMatchObject({ stoppedBy: 'budget', attempts: 4 });
  });

  it('ends a wait at once when the caller aborts, and makes no further attempt', async () => {
    const { clock, retry } = policyWorld();
    const controller = new AbortController();
    const operation = failing(down);
    const policy = retry();
    const call = watched(policy.call(operation, { signal: controller.signal }));
    await clock.pass(50);
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    expect(clock.pending).toBe(0);
    expect(listenersOf(controller.signal)).toBe(0);
    await clock.pass(10_000);
    expect(operation.state.calls).toBe(1);
    expect(policy.statistics()).toMatchObject({ aborted: 1, totalMs: 50 });
  });

  it('ends an attempt at once too, and begins none for who has aborted already', async () => {
    const { retry } = policyWorld();
    const controller = new AbortController();
    const operation = stubborn();
    const call = watched(retry().call(operation, { signal: controller.signal }));
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    await expect(retry().call(operation, { signal: controller.signal })).rejects.toBe('enough');
    expect(operation.signals).toHaveLength(1);
  });

  it.each([down, http(404)])('rejects with the reason of the abort, not with: $message', async (error) => {
    const { clock, retry, events } = policyWorld();
    const controller = new AbortController();
    const policy = retry();
    const call = policy.call(
      () => {
        controller.abort('enough');
        throw error;
      },
      { signal: controller.signal },
    );
    await expect(call).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
    expect(events).toEqual([]);
    expect(policy.statistics()).toMatchObject({ aborted: 1, failed: 0 });
  });

  it('leaves no listener behind, however the call ends', async () => {
    const { retry } = policyWorld();
    const { signal } = new AbortController();
    const policy = retry({ firstDelayMs: 0 });
    await policy.call(failing(down), { signal });
    await policy.call(failing(down, down, down), { signal }).catch(() => {});
    await policy.call(failing(http(404)), { signal }).catch(() => {});
    expect(listenersOf(signal)).toBe(0);
  });

  it('hands signal and deadline to each attempt', async () => {
    const { retry } = policyWorld();
    const { signal } = new AbortController();
    const given: unknown[] = [];
    await retry({ firstDelayMs: 0 }).call(
      (...args) => {
        given.push(args);
        if (given.length < 2) throw down;
      },
      { signal, deadlineEpochMs: START + 5 },
    );
    expect(given).toEqual([
      [signal, START + 5],
      [signal, START + 5],
    ]);
  });

  it('does not wrap the error of a call that has one attempt only', async () => {
    const { retry, events } = policyWorld();
    await expect(retry({ attempts: 1 }).call(failing(down))).rejects.toBe(down);
    expect(events).toEqual([]);
  });

  it('tells how one call went', async () => {
    const { clock, retry } = policyWorld();
    const first = retry().run(failing());
    expect(await first).toEqual({
      value: 'answer',
      statistics: { attempts: 1, successfulAttempt: 1, totalMs: 0, lastError: undefined },
    });
    const third = watched(retry().run(failing(http(500), down)));
    await clock.pass(100);
    await clock.pass(200);
    expect(third.value).toEqual({
      value: 'answer',
      statistics: { attempts: 3, successfulAttempt: 3, totalMs: 300, lastError: down },
    });
  });

  it('counts what happened', async () => {
    const { clock, retry } = policyWorld();
    const policy = retry({ kind: 'fixed', budget: { capacity: 2, perSecond: 0, perCall: 0 } });
    const run = async (...errors: readonly unknown[]): Promise<void> => {
      const call = watched(policy.call(failing(...errors)));
      while (call.state === 'pending') await clock.pass(100);
    };
    await run();
    await run();
    await run(new RetryAfterError('busy', { retryAfterMs: 300 }));
    await run(http(404));
    await run(down, down, down);
    await policy.call(failing(down), { deadlineEpochMs: START }).catch(() => {});
    expect(policy.statistics()).toEqual({
      calls: 6,
      attempts: 8,
      successesByAttempt: [2, 1],
      recovered: 1,
      exhausted: { attempts: 0, budget: 1, deadline: 1, refused: 0 },
      failed: 1,
      aborted: 0,
      totalMs: 400,
      lastError: 'Error: down',
    });
  });

  it('loses no result to somebody who is told and throws', async () => {
    const { retry } = policyWorld();
    const emit = (): never => {
      throw new Error('sink');
    };
    expect(await retry({ firstDelayMs: 0 }, { emit }).call(failing(down))).toBe('answer');
  });
});
