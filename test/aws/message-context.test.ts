import { describe, expect, it } from 'vitest';
import { aboutMessage, currentMessage, recognize } from '../../lambdas/aws/message-context.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import { bulkheadOn } from '../../lambdas/core/policies/bulkhead.ts';
import { memoryLimits } from '../../lambdas/core/policies/rate-limiter/limit-store.ts';
import { rateLimiterOn } from '../../lambdas/core/policies/rate-limiter/rate-limiter.ts';
import { timeoutOn } from '../../lambdas/core/policies/timeout.ts';
import { deferred, fakeClock, idsNamed } from '../core/fixtures.ts';

/** Notes of each event during which message it happened, as the log does. */
function setup() {
  const clock = fakeClock();
  const told: string[] = [];
  const emit = ({ kind }: PipelineEvent): void => void told.push(`${kind} ${currentMessage()?.messageId}`);
  const about = <T>(name: string, run: () => Promise<T>): Promise<unknown> =>
    aboutMessage(idsNamed(name), () => run().catch(() => {}));
  return { clock, told, emit, about };
}

describe('the message that is being handled', () => {
  it('is known to what its handling calls and waits for, and to nothing else', async () => {
    const seen: (string | undefined)[] = [];
    const gate = deferred<void>();
    const work = ['a', 'b'].map((name) =>
      aboutMessage(idsNamed(name), async () => {
        await gate.promise;
        seen.push(currentMessage()?.messageId);
      }),
    );
    expect(currentMessage()).toBeUndefined();
    gate.resolve();
    await Promise.all(work);
    expect(seen).toEqual(['a', 'b']);
  });

  it('may turn out to be called otherwise, once its envelope is off', () => {
    aboutMessage(idsNamed('a'), () => {
      recognize({ ...idsNamed('a'), correlationId: 'inner' });
      expect(currentMessage()?.correlationId).toBe('inner');
    });
    recognize(idsNamed('nobody'));
    expect(currentMessage()).toBeUndefined();
  });
});

describe('what shared waiting lines tell is about who waits', () => {
  it('in a bulkhead, where whoever leaves sends away who should have gone', async () => {
    const { clock, told, emit, about } = setup();
    // A timer that is late, as on a busy machine: who waits is found out by the one that leaves.
    const lateClock = { ...clock, after: () => () => {} };
    const settings = { maxConcurrent: 1, maxQueued: 1, maxWaitMs: 100 };
    const bulkhead = bulkheadOn({ name: 'dep', settings, clock: lateClock, emit });
    const end = deferred<void>();
    const first = about('first', () => bulkhead.call(() => end.promise));
    const second = about('second', () => bulkhead.call(async () => {}));
    clock.advance(500);
    end.resolve();
    await Promise.all([first, second]);
    expect(told).toEqual(['bulkhead-full second']);
  });

  it('in a time-out, whose alarm all calls share', async () => {
    const { clock, told, emit, about } = setup();
    const timeout = timeoutOn({ name: 'dep', settings: { timeoutMs: 100 }, clock, emit });
    const calls = ['first', 'second', 'third'].map((name) =>
      about(name, () => timeout.call(() => new Promise(() => {}))),
    );
    clock.advance(100);
    await Promise.all(calls);
    expect(told.sort()).toEqual(['call-timed-out first', 'call-timed-out second', 'call-timed-out third']);
  });

  it('in a rate limit, where one asks the table for all', async () => {
    const { clock, told, emit, about } = setup();
    const settings = { limit: 1, perMs: 1_000, burst: 1, shards: 1, maxWaitMs: 0 };
    const limiter = rateLimiterOn({
      name: 'dep',
      settings,
      store: memoryLimits(),
      onStoreFailure: 'refuse',
      skewMs: 0,
      clock,
      random: () => 0.5,
      emit,
    });
    const calls = ['first', 'second', 'third'].map((name) => about(name, () => limiter.call(async () => {})));
    await Promise.all(calls);
    expect(told).toEqual(['call-rate-limited second', 'call-rate-limited third']);
  });
});
