import { expect, it } from 'vitest';
import { afterOthers, NEVER, promptly, unlessAborted, wait } from '../../../lambdas/core/policies/signals.ts';
import { deferred, fakeClock, idle } from '../fixtures.ts';
import { down, listenersOf, stubborn, watched } from './parts.ts';

it('keeps no listeners on the signal that nobody can abort', () => {
  NEVER.addEventListener('abort', () => {});
  expect(listenersOf(NEVER)).toBe(0);
  expect(AbortSignal.any([NEVER, AbortSignal.abort('enough')]).reason).toBe('enough');
});

it('runs an operation as it is where nobody can abort it', () => {
  expect(promptly((...given) => given, NEVER, 5)).toEqual([NEVER, 5]);
});

it('ends work with the reason of the abort, and drops what it ends with later', async () => {
  const controller = new AbortController();
  const work = deferred<string>();
  const call = watched(unlessAborted(work.promise, controller.signal));
  controller.abort('enough');
  work.reject(down); // would be an unhandled rejection
  await idle();
  expect(call.error).toBe('enough');
  expect(watched(unlessAborted('done', controller.signal)).state).toBe('pending');
  await expect(unlessAborted('done', controller.signal)).rejects.toBe('enough');
});

it('goes behind every timer of the same moment, also one that is a turn late, unless it is cancelled', () => {
  const clock = fakeClock();
  const rung: string[] = [];
  const note = (name: string) => () => void rung.push(name);
  clock.after(10, () => {
    afterOthers(clock, note('behind'));
    const cancelSoon = afterOthers(clock, note('never'));
    clock.after(0, () => {
      cancelSoon();
      rung.push('late');
    });
    afterOthers(clock, note('never'))();
  });
  clock.after(10, note('same moment'));
  clock.advance(10);
  expect(rung).toEqual(['same moment', 'late', 'behind']);
  expect(clock.pending).toBe(0);
});

it('begins nothing for who has aborted', () => {
  const operation = stubborn();
  expect(() => promptly(operation, AbortSignal.abort('enough'), 0)).toThrow('enough');
  expect(operation.signals).toEqual([]);
});

it('leaves an operation alone that is known to heed its signal', async () => {
  const controller = new AbortController();
  const call = watched(Promise.resolve(promptly(stubborn(), controller.signal, 0, true)));
  expect(listenersOf(controller.signal)).toBe(0);
  controller.abort('enough');
  await idle();
  expect(call.state).toBe('pending');
});

it('waits to the tick, and leaves nothing behind', async () => {
  const clock = fakeClock();
  const controller = new AbortController();
  const waiting = watched(wait(clock, 100, controller.signal));
  await clock.pass(99);
  expect(waiting.state).toBe('pending');
  await clock.pass(1);
  expect(waiting.state).toBe('fulfilled');
  expect(listenersOf(controller.signal)).toBe(0);
  const aborted = watched(wait(clock, 100, controller.signal));
  controller.abort('enough');
  await idle();
  expect(aborted.error).toBe('enough');
  expect(clock.pending).toBe(0);
  await expect(wait(clock, 100, controller.signal)).rejects.toBe('enough');
  expect(clock.pending).toBe(0);
});
