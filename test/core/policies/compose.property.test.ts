import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  BulkheadFullError,
  CallTimeoutError,
  CircuitOpenError,
  RetryExhaustedError,
} from '../../../lambdas/core/errors.ts';
import { compose } from '../../../lambdas/core/policies/compose.ts';
import type { Operation } from '../../../lambdas/core/policies/policy.ts';
import { idle } from '../fixtures.ts';
import { listenersOf, oneAtATime, policyWorld, watched } from './parts.ts';

/** What one attempt does: after how many ticks, and whether it ends when its signal aborts. */
const attempt = fc.record({
  ticks: fc.integer({ min: 0, max: 12 }),
  outcome: fc.constantFrom('answer', 'answer', 'heals', 'heals', 'final', 'never'),
  heeds: fc.boolean(),
});
const call = fc.record({
  beginsAt: fc.integer({ min: 0, max: 20 }),
  abortsAt: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
  deadlineIn: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  attempts: fc.array(attempt, { minLength: 1, maxLength: 4 }),
});
const parts = fc.record({
  fallback: fc.option(fc.constantFrom('answers', 'fails', 'declines'), { freq: 1, nil: undefined }),
  totalTimeout: fc.option(fc.integer({ min: 1, max: 40 }), { freq: 1, nil: undefined }),
  retry: fc.boolean(),
  breaker: fc.boolean(),
  breakerCounts: fc.constantFrom('attempts' as const, 'calls' as const),
  rateLimiter: fc.boolean(),
  bulkhead: fc.boolean(),
  timeout: fc.option(fc.integer({ min: 1, max: 15 }), { freq: 1, nil: undefined }),
});

const TICK_MS = 10;
const TICKS = 90;
const fallbackError = new Error('no answer either');

function composed(given: typeof parts extends fc.Arbitrary<infer P> ? P : never) {
  const world = policyWorld();
  const { clock, timeout, retry, breaker, fallback } = world;
  const { totalTimeout, timeout: each } = given;
  const policy = compose<string>({
    ...(given.fallback && {
      fallback: fallback({
        handle: (error) => {
          if (given.fallback === 'declines') throw error;
          if (given.fallback === 'fails') throw fallbackError;
          return 'fallback';
        },
      }),
    }),
    ...(totalTimeout && { totalTimeout: timeout(totalTimeout * TICK_MS, 'total') }),
    ...(given.retry && { retry: retry({ kind: 'fixed', firstDelayMs: 2 * TICK_MS }) }),
    ...(given.breaker && { breaker: breaker({ failureThreshold: 3, localThreshold: 3, openForMs: 100 }) }),
    breakerCounts: given.breakerCounts,
    ...(given.rateLimiter && { rateLimiter: oneAtATime('rate-limiter', 3) }),
    ...(given.bulkhead && { bulkhead: oneAtATime('bulkhead', 2) }),
    ...(each && { timeout: timeout(each * TICK_MS, 'attempt') }),
  });
  return { policy, clock };
}

/** The operation of one call: its own results and errors, which nobody else has. */
function scripted(
  script: typeof call extends fc.Arbitrary<infer C> ? C : never,
  clock: ReturnType<typeof policyWorld>['clock'],
) {
  const made: { result?: string; error?: Error }[] = [];
  const operation: Operation<string> = (signal) => {
    const { ticks, outcome, heeds } = script.attempts[made.length] ?? {
      ticks: 0,
      outcome: 'answer',
      heeds: true,
    };
    const own: { result?: string; error?: Error } = {};
    made.push(own);
    return new Promise((resolve, reject) => {
      if (heeds) signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (outcome === 'never') return;
      clock.after(ticks * TICK_MS, () => {
        if (outcome === 'answer') {
          own.result = `answer ${made.length}`;
          resolve(own.result);
        } else {
          own.error = Object.assign(
            new Error(outcome),
            outcome === 'heals' ? { code: 'ECONNRESET' } : { status: 404 },
          );
          reject(own.error);
        }
      });
    });
  };
  return { operation, made };
}

/** The errors that policies make of their own, and what they carry. */
function innermost(error: unknown): unknown {
  if (error instanceof RetryExhaustedError) return innermost(error.cause);
  if (error instanceof Error && error.name === 'FallbackFailedError') {
    expect(error).toMatchObject({ fallbackError });
    return innermost(error.cause);
  }
  return error;
}

it('ends every call once: with its own result, its own error, or the error of a policy; aborts and time-outs at the tick', async () => {
  await fc.assert(
    fc.asyncProperty(parts, fc.array(call, { minLength: 1, maxLength: 4 }), async (given, scripts) => {
      const { policy, clock } = composed(given);
      const calls: {
        readonly script: (typeof scripts)[number];
        readonly controller: AbortController;
        readonly made: ReturnType<typeof scripted>['made'];
        readonly seen: ReturnType<typeof watched<string>>;
        readonly reason: Error;
      }[] = [];
      const begin = (script: (typeof scripts)[number]): void => {
        const controller = new AbortController();
        const { operation, made } = scripted(script, clock);
        const options = {
          signal: controller.signal,
          ...(script.deadlineIn && { deadlineEpochMs: clock.now() + script.deadlineIn * TICK_MS }),
        };
        const seen = watched(policy.call(operation, options));
        calls.push({ script, controller, made, seen, reason: new Error('the caller aborts') });
      };
      for (let tick = 0; tick < TICKS; tick += 1) {
        for (const script of scripts) if (script.beginsAt === tick) begin(script);
        const aborting = calls.filter(
          ({ script: { beginsAt, abortsAt } }) => abortsAt !== undefined && beginsAt + abortsAt === tick,
        );
        await idle();
        for (const { controller, reason, seen } of aborting) {
          const open = seen.state === 'pending';
          controller.abort(reason);
          await idle();
          if (open) expect(seen).toMatchObject({ state: 'rejected', error: reason });
        }
        for (const { script, seen } of calls) {
          const age = tick - script.beginsAt;
          const total = Math.min(
            given.totalTimeout ?? TICKS,
            given.totalTimeout ? (script.deadlineIn ?? TICKS) : TICKS,
          );
          if (age >= total) expect(seen.state).not.toBe('pending');
        }
        await clock.pass(TICK_MS);
      }

      for (const { script, made, seen, reason, controller } of calls) {
        expect(seen.settled).toBeLessThanOrEqual(1);
        if (seen.state === 'fulfilled') {
          const own = made.at(-1)?.result;
          if (seen.value !== 'fallback') expect(seen.value).toBe(own);
          else expect(given.fallback).toBe('answers');
        } else if (seen.state === 'rejected') {
          const error = innermost(seen.error);
          const own = made.some((each) => each.error === error);
          const ours =
            error instanceof CallTimeoutError ||
            error instanceof CircuitOpenError ||
            error instanceof BulkheadFullError;
          expect(own || ours || error === reason).toBe(true);
          if (own) expect(error).toBe(made.at(-1)?.error);
        } else {
          expect(script.abortsAt).toBeUndefined();
          expect(given.totalTimeout).toBeUndefined();
        }
        if (seen.state !== 'pending') {
          // Those of the operation itself are its own to remove.
          expect(listenersOf(controller.signal)).toBeLessThanOrEqual(made.length);
          controller.abort(reason);
          await idle();
          expect(seen.settled).toBe(1);
        }
      }
    }),
    { numRuns: 300 },
  );
});
