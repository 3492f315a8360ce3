import { describe, expect, it } from 'vitest';
import { deferred, idle } from './fixtures.ts';
import { HANDLER_MS, outage, pipelineHarness, putBack } from './pipeline-harness.ts';

describe('messages of one batch that ask for the same effect', () => {
  it('run it once: the others wait, and are duplicates', async () => {
    const gate = deferred();
    const { take, invoke, handled, kinds } = pipelineHarness({ handle: () => gate.promise });
    const invocation = invoke();
    const verdicts = ['a', 'b', 'c'].map((messageId) => take({ messageId }, undefined, invocation));
    await idle();
    gate.resolve();
    expect((await Promise.all(verdicts)).map(({ kind }) => kind)).toEqual(['done', 'done', 'done']);
    expect(handled).toEqual(['42']);
    expect(kinds()).toEqual(['handled', 'duplicate', 'duplicate']);
  });

  it('run it again when the first one failed, one at a time', async () => {
    let calls = 0;
    let running = 0;
    const { take, invoke } = pipelineHarness({
      handle: async () => {
        calls += 1;
        running += 1;
        expect(running).toBe(1);
        await idle();
        running -= 1;
        if (calls === 1) throw outage();
      },
    });
    const invocation = invoke();
    const verdicts = await Promise.all(
      ['a', 'b', 'c'].map((messageId) => take({ messageId }, undefined, invocation)),
    );
    expect(calls).toBe(2);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['put-back', 'done', 'done']);
  });

  it('are deferred when the first one takes all the time there is', async () => {
    const { take, invoke, clock, handled } = pipelineHarness({ handle: () => new Promise(() => {}) });
    const invocation = invoke();
    const first = take({ messageId: 'a' }, undefined, invocation);
    const second = take({ messageId: 'b' }, undefined, invocation);
    await clock.pass(HANDLER_MS);
    await clock.pass(1_000);
    expect(putBack(await first).event).toBe('retried');
    expect(putBack(await second).cause).toBe('no-time-left');
    expect(handled).toEqual(['42']);
  });
});
