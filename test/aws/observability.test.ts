import { describe, expect, it } from 'vitest';
import { consoleLines } from './console-lines.ts';
import { deployConsumer } from './consumer-harness.ts';
import { send, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
useFixedDate();

describe('a deployed consumer', () => {
  const invoked = async (observability: 'essential' | 'full' | 'off', handle = () => {}) => {
    const consumer = await deployConsumer(emulators, { settings: { observability }, handle });
    await send(emulators, consumer.url, '{"order":"1"}');
    const lines = consoleLines();
    await consumer.poll();
    return { lines, emf: lines.emf() };
  };

  it('emits the essential metrics in one line an invocation', async () => {
    const { emf } = await invoked('essential');
    expect(emf.map(({ metrics }) => Object.keys(metrics))).toEqual([
      ['Handled', 'MessageAge', 'NeedsPerson'],
    ]);
  });

  it('emits nothing when that is switched off, and handles messages all the same', async () => {
    const { lines, emf } = await invoked('off');
    expect(emf).toEqual([]);
    expect(lines.text()).not.toContain('_aws');
  });

  it('counts the calls through its circuits, and those that failed', async () => {
    const good = await invoked('full');
    expect(good.emf.find(({ dimensions }) => 'circuit' in dimensions)).toMatchObject({
      dimensions: { circuit: 'default' },
      metrics: { CircuitCalls: [1, 'Count'] },
    });
    const bad = await invoked('full', () => {
      throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    });
    const byCircuit = bad.emf.find(({ dimensions }) => 'circuit' in dimensions);
    expect(byCircuit?.metrics).toEqual({ CircuitCalls: [1, 'Count'], CircuitFailures: [1, 'Count'] });
    const [totals] = bad.emf;
    expect(totals?.metrics).toMatchObject({
      Retried: [1, 'Count'],
      TimeToExpiry: [expect.any(Number), 'Seconds'],
    });
  });
});
