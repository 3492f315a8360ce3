import { describe, expect, it } from 'vitest';
import { controlNotices } from '../../lambdas/core/control-notices.ts';
import type { ControlMessage } from '../../lambdas/core/intake/settings.ts';
import { deferred, eventLog, fakeClock, idle } from './fixtures.ts';

/** Notices to a queue that answers when the test says. */
function setup(answer: () => Promise<void> = async () => {}) {
  const clock = fakeClock();
  const { emit, events } = eventLog();
  const told: string[] = [];
  const send = ({ key }: ControlMessage): Promise<void> => {
    told.push(key);
    return answer();
  };
  return { clock, events, told, notices: controlNotices({ queue: { send }, emit, clock }) };
}

describe('notices to the intake controller', () => {
  it('are sent at once, and awaited before the invocation ends', async () => {
    const gate = deferred();
    const { notices, told } = setup(() => gate.promise);
    notices.circuitChanged('circuit#tracker');
    expect(told).toEqual(['circuit#tracker']);
    let settled = false;
    const settling = notices.settle().then(() => {
      settled = true;
    });
    await idle();
    expect(settled).toBe(false);
    gate.resolve();
    await settling;
  });

  it('that fail are told, and cost nothing else', async () => {
    const { notices, events, clock } = setup(() => Promise.reject(new Error('down')));
    notices.circuitChanged('circuit#tracker');
    await notices.settle();
    expect(events).toMatchObject([{ kind: 'settlement-error', operation: 'tell the intake controller' }]);
    expect(clock.pending).toBe(0);
  });

  it('are given up after a second', async () => {
    const { notices, events, clock } = setup(() => new Promise(() => {}));
    notices.circuitChanged('circuit#tracker');
    const settling = notices.settle();
    await clock.pass(1_000);
    await settling;
    expect(events).toMatchObject([{ kind: 'settlement-error', error: { name: 'NoAnswerError' } }]);
    await notices.settle();
    expect(events).toHaveLength(1);
  });

  it('bear the correlation id of the message that is being handled, if one is', async () => {
    const sent: ControlMessage[] = [];
    const ids = ['c-1', undefined];
    const notices = controlNotices({
      queue: { send: async (message) => void sent.push(message) },
      correlationId: () => ids.shift(),
      emit: () => {},
      clock: fakeClock(),
    });
    notices.circuitChanged('circuit#a');
    notices.circuitChanged('circuit#b');
    await notices.settle();
    expect(sent).toEqual([
      { kind: 'circuit-changed', key: 'circuit#a', correlationId: 'c-1' },
      { kind: 'circuit-changed', key: 'circuit#b' },
    ]);
  });

  it('are nobody’s business without a queue', async () => {
    const { emit, events } = eventLog();
    const notices = controlNotices({ queue: undefined, emit, clock: fakeClock() });
    notices.circuitChanged('circuit#tracker');
    await notices.settle();
    expect(events).toEqual([]);
  });
});
