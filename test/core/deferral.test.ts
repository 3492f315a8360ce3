import { describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS } from '../../lambdas/core/crash.ts';
import { ConfigurationError, DeferError } from '../../lambdas/core/errors.ts';
import { deferred, idle, START } from './fixtures.ts';
import {
  FUNCTION_MS,
  HANDLER_MS,
  moved,
  outage,
  type PipelineOptions,
  pipelineHarness,
  putBack,
  recordOf,
} from './pipeline-harness.ts';

const CIRCUIT = { circuits: { default: { failureThreshold: 2 } } };
const throwing = (error: unknown) => ({ handle: () => Promise.reject(error), settings: CIRCUIT });

/** A harness whose only circuit was opened by two messages. */
async function opened(options: PipelineOptions = throwing(outage())) {
  const harness = pipelineHarness(options);
  for (const messageId of ['a', 'b']) await harness.take({ messageId });
  harness.handled.length = 0;
  return harness;
}

describe('a deferral is not an attempt', () => {
  it('while a circuit is open: the message waits for it, spread, and the handler is not called', async () => {
    const { take, handled, kinds, guard } = await opened();
    const runs = guard.runs.length;
    expect(putBack(await take())).toEqual({
      event: 'deferred',
      cause: 'circuit-open',
      delayMs: 60_000,
      attempts: undefined,
      record: undefined,
    });
    expect([handled, kinds().at(-1), guard.runs.length]).toEqual([[], 'circuit-rejected', runs]);
  });

  it('when it was the probe that failed: it lets those go first who were only refused', async () => {
    const { take, clock, handled, circuits } = await opened();
    clock.advance(60_000);
    expect(putBack(await take({}, recordOf(2)))).toMatchObject({
      cause: 'probe-failed',
      attempts: undefined,
      delayMs: 120_000 * 1.25,
    });
    expect(handled).toEqual(['42']);
    expect(circuits.get('default')?.snapshot().state).toBe('open');
  });

  it('but the failure of a probe that was the message’s own fault is one', async () => {
    let error: unknown = outage();
    const { take, clock } = await opened({ handle: () => Promise.reject(error), settings: CIRCUIT });
    clock.advance(60_000);
    error = new TypeError('a bug');
    expect(putBack(await take())).toMatchObject({ event: 'retried', attempts: 1 });
  });

  it('on the last attempt, while the circuit has failures on record', async () => {
    const { take } = pipelineHarness(throwing(outage()));
    await take({ messageId: 'other' });
    expect(putBack(await take({}, recordOf(4)))).toMatchObject({
      cause: 'circuit-unwell',
      attempts: undefined,
    });
  });

  it('until the failures on record are forgotten, or one that fails by itself would never be done with', async () => {
    const { take, clock } = pipelineHarness({ handle: () => Promise.reject(outage()) });
    await take({}, recordOf(3));
    clock.advance(5_000);
    const { delayMs } = putBack(await take({}, recordOf(4)));
    expect(delayMs).toBeGreaterThanOrEqual(60_000);
    clock.advance(delayMs);
    expect(moved(await take({}, recordOf(4))).target).toBe('dead-letter');
  });

  it('on the last attempt of all who were under way when the dependency went down, but the first', async () => {
    const gate = deferred<never>();
    const { take, invoke } = pipelineHarness({ handle: () => gate.promise, settings: CIRCUIT });
    const invocation = invoke();
    const verdicts = [1, 2, 3].map((id) =>
      take({ messageId: `m-${id}`, body: `{"order":"${id}"}` }, recordOf(4), invocation),
    );
    await idle();
    gate.reject(outage());
    const ends = (await Promise.all(verdicts)).map((verdict) => verdict.kind);
    expect(ends.sort()).toEqual(['move', 'put-back', 'put-back']);
  });

  it('but the last attempt is taken once the circuit is clean, and by errors that are not the dependency’s', async () => {
    const clean = pipelineHarness(throwing(outage()));
    expect(moved(await clean.take({}, recordOf(4))).target).toBe('dead-letter');
    let error: unknown = outage();
    const mixed = pipelineHarness({ handle: () => Promise.reject(error), settings: CIRCUIT });
    await mixed.take({ messageId: 'other' });
    error = new TypeError('a bug');
    expect(moved(await mixed.take({}, recordOf(4))).envelope.reason).toBe('PROCESSING_ERROR');
  });

  it('when a call inside the handler is refused', async () => {
    const { take } = await opened({
      settings: { circuits: { tracker: { failureThreshold: 2 } } },
      handle: (_payload, { circuit }) => circuit('tracker').call(() => Promise.reject(outage())),
    });
    expect(putBack(await take())).toMatchObject({ cause: 'circuit-open', delayMs: 60_000 });
  });

  it('when the handler asks for it', async () => {
    const { take } = pipelineHarness(throwing(new DeferError('later', { deferForMs: 1_234 })));
    expect(putBack(await take({}, recordOf(4)))).toMatchObject({ cause: 'handler', delayMs: 1_234 });
  });

  it('while the same effect is under way elsewhere: until its lock ends', async () => {
    const { take, guard, handled } = pipelineHarness();
    guard.running.set('42', START + 9_000);
    expect(putBack(await take())).toMatchObject({
      cause: 'in-progress',
      delayMs: 9_000,
      attempts: undefined,
    });
    expect(handled).toEqual([]);
  });

  it('while the state table cannot be read', async () => {
    const { take, handled } = pipelineHarness();
    expect(putBack(await take({ receiveCount: 2 }, 'unavailable'))).toMatchObject({
      cause: 'store-unavailable',
    });
    expect(handled).toEqual([]);
  });

  it('while the lock cannot be taken', async () => {
    const { take, guard, handled, kinds } = pipelineHarness();
    guard.failures = 1;
    expect(putBack(await take({}, recordOf(4)))).toMatchObject({
      cause: 'store-unavailable',
      attempts: undefined,
    });
    expect([handled, kinds()]).toEqual([[], ['store-error']]);
  });

  it('for 5 to 15 s where a store did not answer, or all whom an outage met would wait for the same moment', async () => {
    const delays = [0, 0.5, 1].map(async (draw) => {
      const { take } = pipelineHarness({ random: () => draw });
      return putBack(await take({ receiveCount: 2 }, 'unavailable')).delayMs;
    });
    expect(await Promise.all(delays)).toEqual([5_000, 10_000, 15_000]);
  });

  it('while a check cannot be made', async () => {
    const check = { name: 'x', inspect: () => Promise.reject(new Error('down')) };
    const { take, handled } = pipelineHarness({
      screening: { envelope: 'raw', before: [], checks: [check] },
    });
    expect(putBack(await take())).toMatchObject({ cause: 'check-unavailable', attempts: undefined });
    expect(handled).toEqual([]);
  });

  it('when the consumer is configured wrongly', async () => {
    const keyOf = () => {
      throw new ConfigurationError('resilientConsumer', []);
    };
    expect(putBack(await pipelineHarness({ keyOf }).take()).cause).toBe('misconfigured');
  });

  it('when the pipeline itself is at fault', async () => {
    const classify = () => {
      throw new Error('a bug of ours');
    };
    const { take } = pipelineHarness({ ...throwing(new Error('x')), classify });
    expect(putBack(await take())).toMatchObject({ cause: 'internal-error', attempts: undefined });
  });

  it('when no time is left to start it', async () => {
    const { take, clock, invoke, handled } = pipelineHarness();
    const invocation = invoke();
    clock.advance(HANDLER_MS);
    expect(putBack(await take({}, undefined, invocation))).toMatchObject({
      cause: 'no-time-left',
      delayMs: 0,
    });
    expect(handled).toEqual([]);
  });

  it.each([
    ['later than the handler may still start', HANDLER_MS, 500, 'no-time-left'],
    ['not at all', HANDLER_MS, 1_000, 'store-unavailable'],
  ])('when the lock is given %s', async (_what, first, then, cause) => {
    const gate = deferred();
    const { take, clock, handled, circuits } = pipelineHarness({
      guard: {
        async run(_key, _remainingMs, effect) {
          await gate.promise;
          return effect().then(
            () => ({ kind: 'completed' }),
            (error: unknown) => ({ kind: 'failed', error }),
          );
        },
      },
    });
    const verdict = take({}, recordOf(4));
    await clock.pass(first);
    if (then < 1_000) gate.resolve();
    await clock.pass(then);
    expect(putBack(await verdict)).toMatchObject({ cause, attempts: undefined });
    gate.resolve();
    await idle();
    expect(handled).toEqual([]);
    expect(circuits.get('default')?.snapshot().clean).toBe(true);
  });
});

describe('the lock of a message', () => {
  it('is asked for as long as the function may still run, by any clock', async () => {
    const { take, guard, clock, invoke } = pipelineHarness();
    const invocation = invoke();
    clock.advance(4_000);
    await take({}, undefined, invocation);
    expect(guard.runs).toEqual([{ key: '42', remainingMs: FUNCTION_MS - 4_000 + CLOCK_SKEW_MS }]);
  });
});
