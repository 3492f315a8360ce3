import { describe, expect, it } from 'vitest';
import { HandlerTimeoutError } from '../../lambdas/core/errors.ts';
import { startInvocation } from '../../lambdas/core/invocation.ts';
import { NO_RECORD } from '../../lambdas/core/records.ts';
import { deferred, fakeClock, idle } from './fixtures.ts';
import { HANDLER_MS, pipelineHarness, putBack, recordOf } from './pipeline-harness.ts';

const GIVE_UP_MS = 1_000;

function onAbort(signal: AbortSignal, error?: Error): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(error ?? signal.reason));
  });
}

describe('the time of a batch', () => {
  it.each([
    [30_000, 27_000, 28_000],
    [900_000, 897_000, 898_000],
    [4_000, 3_000, 3_333.4],
  ])('of %i ms stops handlers after %i ms and leaves them behind after %d ms', async (total, stop, leave) => {
    const clock = fakeClock();
    const invocation = startInvocation(clock, total);
    let gaveUp = false;
    invocation.gaveUp.then(() => {
      gaveUp = true;
    });
    clock.advance(stop - 1);
    expect(invocation.signal.aborted).toBe(false);
    clock.advance(1);
    expect(invocation.signal.reason).toBeInstanceOf(HandlerTimeoutError);
    expect(invocation.remainingMs()).toBe(total - stop);
    await clock.pass(leave - stop - 1);
    expect(gaveUp).toBe(false);
    await clock.pass(1);
    expect(gaveUp).toBe(true);
  });

  it('leaves no timer behind', () => {
    const clock = fakeClock();
    startInvocation(clock, 30_000).end();
    expect(clock.pending).toBe(0);
  });
});

describe('a handler that takes too long', () => {
  it.each([
    ['hands on why it was stopped', undefined],
    ['fails with an AbortError', Object.assign(new Error('Request aborted'), { name: 'AbortError' })],
    ['fails with a CanceledError', Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' })],
  ])('is charged as a time-out when it %s', async (_what, error) => {
    const { take, clock, circuits } = pipelineHarness({
      handle: (_payload, { signal }) => onAbort(signal, error),
    });
    const verdict = take();
    await clock.pass(HANDLER_MS);
    const { record } = putBack(await verdict);
    expect(record).toMatchObject({
      attempts: 1,
      history: [{ reason: 'TIMEOUT', error: 'HandlerTimeoutError' }],
    });
    expect(circuits.get('default')?.snapshot().clean).toBe(false);
  });

  it.each(['stops', 'does not stop'])(
    'is neither charged nor held against its circuit when it was started late and %s',
    async (how) => {
      const { take, invoke, clock, circuits } = pipelineHarness({
        handle: (_payload, { signal }) => (how === 'stops' ? onAbort(signal) : new Promise(() => {})),
      });
      const invocation = invoke();
      clock.advance(HANDLER_MS / 2 + 1);
      const verdict = take({}, recordOf(4), invocation);
      await clock.pass(HANDLER_MS / 2);
      await clock.pass(GIVE_UP_MS);
      expect(putBack(await verdict)).toMatchObject({ cause: 'no-time-left', attempts: undefined });
      expect(circuits.get('default')?.snapshot().clean).toBe(true);
    },
  );

  it('is not even started while a check does not answer: the message is deferred', async () => {
    const { take, clock, handled } = pipelineHarness({
      screening: {
        envelope: 'raw',
        before: [],
        checks: [{ name: 'mute', inspect: () => new Promise(() => {}) }],
      },
    });
    const verdict = take();
    await clock.pass(HANDLER_MS);
    await clock.pass(GIVE_UP_MS);
    expect(putBack(await verdict).cause).toBe('check-unavailable');
    expect(handled).toEqual([]);
  });

  it('is handled when it ends well in the time it has to clean up', async () => {
    const { take, clock, kinds } = pipelineHarness({
      handle: (_payload, { signal }) => onAbort(signal).catch(() => 'cleaned up'),
    });
    const verdict = take();
    await clock.pass(HANDLER_MS);
    expect((await verdict).kind).toBe('done');
    expect(kinds()).toEqual(['handled']);
  });

  it('is left behind, charged as a time-out, and keeps its lock, when it does not stop', async () => {
    const gate = deferred();
    const { take, invoke, clock, guard, circuits } = pipelineHarness({ handle: () => gate.promise });
    const invocation = invoke();
    const verdict = take({}, NO_RECORD, invocation);
    await clock.pass(HANDLER_MS);
    await clock.pass(GIVE_UP_MS);
    expect(putBack(await verdict).record).toMatchObject({ attempts: 1, history: [{ reason: 'TIMEOUT' }] });
    expect(invocation.abandoned).toBe(true);
    expect([...guard.running.keys()]).toEqual(['42']);
    expect(circuits.get('default')?.snapshot().clean).toBe(false);
    gate.resolve();
    await idle();
    expect(guard.completed.has('42')).toBe(true);
  });

  it('is not charged when it hangs in the probe of a circuit', async () => {
    let dead = false;
    const { take, clock, circuits } = pipelineHarness({
      settings: { circuits: { tracker: { failureThreshold: 1 } } },
      handle: (_payload, { circuit }) =>
        circuit('tracker').call(() =>
          dead ? new Promise(() => {}) : Promise.reject(Object.assign(new Error('down'), { status: 503 })),
        ),
    });
    await take();
    dead = true;
    clock.advance(60_000);
    const verdict = take({ messageId: 'probe' }, recordOf(1));
    await clock.pass(HANDLER_MS);
    await clock.pass(GIVE_UP_MS);
    expect(putBack(await verdict)).toMatchObject({ cause: 'probe-failed', attempts: undefined });
    expect(circuits.get('tracker')?.snapshot().state).toBe('open');
  });

  it('is handled when only the record of its completion hangs', async () => {
    const { take, clock, kinds } = pipelineHarness({
      guard: {
        async run(_key, _remainingMs, effect) {
          await effect();
          return new Promise(() => {});
        },
      },
    });
    const verdict = take();
    await clock.pass(HANDLER_MS);
    await clock.pass(GIVE_UP_MS);
    expect((await verdict).kind).toBe('done');
    expect(kinds()).toEqual(['completion-not-recorded', 'handled']);
  });

  it('fails as it failed when only the release of its lock hangs', async () => {
    const { take, clock, kinds } = pipelineHarness({
      handle: () => Promise.reject(new TypeError('a bug')),
      guard: {
        async run(_key, _remainingMs, effect) {
          await effect().catch(() => {});
          return new Promise(() => {});
        },
      },
    });
    const verdict = take();
    await clock.pass(HANDLER_MS);
    await clock.pass(GIVE_UP_MS);
    expect(putBack(await verdict).record).toMatchObject({ history: [{ reason: 'PROCESSING_ERROR' }] });
    expect(kinds()).toEqual(['store-error']);
  });
});
