import { describe, expect, it } from 'vitest';
import { tracingOf } from '../../lambdas/aws/lazy-tracer.ts';
import { NO_TRACER } from '../../lambdas/aws/message-tracer.ts';
import { consumerSettings, eventLog } from '../core/fixtures.ts';

function setup(tracing: boolean, load = async () => ({ ...NO_TRACER })) {
  const { emit, events } = eventLog();
  let loads = 0;
  const ports = {
    telemetry: { emit, loggerFor: () => console, flush() {} },
    tracer: () => {
      loads += 1;
      return load();
    },
  };
  return { tracing: tracingOf(ports, consumerSettings({ tracing })), events, loads: () => loads };
}

describe('the tracer of a consumer', () => {
  it('is not even loaded where the consumer is not traced', async () => {
    const { tracing, loads } = setup(false);
    await tracing.load();
    expect(loads()).toBe(0);
    expect(tracing.tracer).toBe(NO_TRACER);
  });

  it('is loaded once, by the first invocation', async () => {
    const { tracing, loads } = setup(true);
    expect(tracing.tracer).toBe(NO_TRACER);
    await tracing.load();
    await tracing.load();
    expect(loads()).toBe(1);
    expect(tracing.tracer).not.toBe(NO_TRACER);
  });

  it('is done without where it cannot be loaded, which is told once', async () => {
    const { tracing, events } = setup(true, () => Promise.reject(new Error('left out')));
    await tracing.load();
    await tracing.load();
    expect(tracing.tracer).toBe(NO_TRACER);
    expect(events).toMatchObject([{ kind: 'tracing-unavailable', error: { message: 'left out' } }]);
  });
});
