import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BulkheadFullError } from '../../../lambdas/core/errors.ts';
import { bulkheadOn } from '../../../lambdas/core/policies/bulkhead.ts';
import { type Deferred, deferred, fakeClock, idle } from '../fixtures.ts';

/** Mutants only have to fail. */
const ONCE = { endOnFailure: process.env.SPILLWAY_NO_SHRINKING !== undefined };

type Step =
  | {
      readonly kind: 'call';
      readonly deadlineMs: number | undefined;
      readonly abortable: boolean;
      readonly how: 'lasts' | 'throws' | 'at once';
    }
  | { readonly kind: 'enter' }
  | { readonly kind: 'leave' | 'abort' | 'succeed' | 'fail'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'limit'; readonly to: number }
  | { readonly kind: 'let promises go on' };

const which = fc.nat({ max: 30 });
const call: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('call' as const),
  deadlineMs: fc.option(fc.integer({ min: -1, max: 80 }), { nil: undefined }),
  abortable: fc.boolean(),
  how: fc.constantFrom('lasts', 'lasts', 'lasts', 'throws', 'at once'),
});
const changing = (weight: number): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 6, arbitrary: call },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'enter' }) },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom('leave', 'abort', 'succeed', 'succeed', 'fail'), which }),
    },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 70 }).map((ms): Step => ({ kind: 'wait', ms })) },
    { weight: 3, arbitrary: fc.constant<Step>({ kind: 'let promises go on' }) },
    { weight, arbitrary: fc.integer({ min: 1, max: 5 }).map((to): Step => ({ kind: 'limit', to })) },
  );
const scenario = (limitChanges: number) =>
  fc.record({
    maxConcurrent: fc.integer({ min: 1, max: 4 }),
    maxQueued: fc.integer({ min: 0, max: 5 }),
    maxWaitMs: fc.integer({ min: 0, max: 100 }),
    steps: fc.array(changing(limitChanges), { minLength: 10, maxLength: 60 }),
  });

interface Call {
  readonly arrivedAt: number;
  readonly deadline: number;
  readonly controller: AbortController | undefined;
  readonly end: Deferred<number>;
  begunAt: number | undefined;
  begunInTick: number;
  /** Operations that ran, settlements that were seen. */
  runs: number;
  settled: number;
}

/** What a call may end with beside its own result or error, once its caller has aborted. */
function reasonOf({ controller }: Call): readonly unknown[] {
  return controller?.signal.aborted ? [controller.signal.reason] : [];
}

/** Live through a scenario, watching; then let everything end, and look at what is left. */
async function live({
  maxConcurrent,
  maxQueued,
  maxWaitMs,
  steps,
}: {
  maxConcurrent: number;
  maxQueued: number;
  maxWaitMs: number;
  steps: readonly Step[];
}): Promise<void> {
  const settings = { maxConcurrent, maxQueued, maxWaitMs };
  const clock = fakeClock();
  const bulkhead = bulkheadOn({ name: 'tracker', settings, clock, emit() {} });
  const calls: Call[] = [];
  const settlements: Promise<void>[] = [];
  const slots: { leave(): void }[] = [];
  let running = 0;
  let slotsWanted = 0;
  let ticks = 0;
  const changes = steps.some(({ kind }) => kind === 'limit');
  /** The limit that those who are in came in under. */
  let ceiling = maxConcurrent;

  function begin(step: Extract<Step, { kind: 'call' }>): void {
    const index = calls.length;
    const controller = step.abortable ? new AbortController() : undefined;
    const deadline = step.deadlineMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + step.deadlineMs;
    const mine: Call = {
      arrivedAt: clock.now(),
      deadline,
      controller,
      end: deferred<number>(),
      begunAt: undefined,
      begunInTick: 0,
      runs: 0,
      settled: 0,
    };
    mine.end.promise.catch(() => {});
    calls.push(mine);
    const options = {
      ...(controller && { signal: controller.signal }),
      ...(step.deadlineMs !== undefined && { deadlineEpochMs: deadline }),
    };
    const operation = (): number | Promise<number> => {
      mine.runs += 1;
      mine.begunAt = clock.now();
      mine.begunInTick = ticks;
      expect(controller?.signal.aborted ?? false).toBe(false);
      if (step.how === 'throws') throw index;
      if (step.how === 'at once') return index;
      running += 1;
      expect(running).toBeLessThanOrEqual(ceiling);
      return mine.end.promise.finally(() => {
        running -= 1;
      });
    };
    const settlement = bulkhead.call(operation, options).then(
      (result) => {
        mine.settled += 1;
        expect([result, mine.runs]).toEqual([index, 1]);
      },
      (error: unknown) => {
        mine.settled += 1;
        if (mine.runs === 1) expect([index, ...reasonOf(mine)]).toContain(error);
        else if (!(error instanceof BulkheadFullError)) expect(error).toBe(controller?.signal.reason);
      },
    );
    settlement.catch(() => {}); // it is looked at in the end
    settlements.push(settlement);
  }

  async function reserve(): Promise<void> {
    slotsWanted += 1;
    const slot = await bulkhead.enter();
    slotsWanted -= 1;
    if (!(slot instanceof BulkheadFullError)) slots.push(slot);
  }

  async function tick(): Promise<void> {
    await idle();
    ticks += 1;
    for (const each of calls) if (each.controller?.signal.aborted) expect(each.settled).toBe(1);
  }

  /** No timer fires between a promise's settling and what it lets go on. */
  async function wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      for (let turn = 0; turn < 5; turn += 1) await undefined;
      clock.advance(1);
    }
    for (let turn = 0; turn < 5; turn += 1) await undefined;
  }

  function take(step: Step): void | Promise<void> {
    if (step.kind === 'call') return begin(step);
    if (step.kind === 'enter') void reserve();
    if (step.kind === 'leave') slots[step.which % (slots.length || 1)]?.leave();
    if (step.kind === 'abort') calls[step.which % (calls.length || 1)]?.controller?.abort('aborted');
    if (step.kind === 'succeed' || step.kind === 'fail') {
      const index = step.which % (calls.length || 1);
      const ended = calls[index];
      if (ended?.runs !== 1) return;
      if (step.kind === 'succeed') ended.end.resolve(index);
      else ended.end.reject(index);
    }
    if (step.kind === 'wait') return wait(step.ms);
    if (step.kind === 'limit') settings.maxConcurrent = step.to;
    if (step.kind === 'let promises go on') return tick();
  }

  function look(): void {
    const { underWay, queued } = bulkhead.statistics();
    ceiling = Math.max(settings.maxConcurrent, underWay < ceiling ? underWay : ceiling);
    expect(underWay).toBeLessThanOrEqual(ceiling);
    expect(running).toBeLessThanOrEqual(underWay); // also of those whose callers have gone
    expect(queued).toBeLessThanOrEqual(maxQueued);
    expect(clock.pending).toBe(queued);
    if (queued > 0 && !changes) expect(underWay).toBe(maxConcurrent);
  }

  for (const step of steps) {
    ceiling = Math.max(ceiling, step.kind === 'limit' ? step.to : 0);
    await take(step);
    look();
  }

  for (let round = 0; round <= calls.length + slots.length; round += 1) {
    for (const slot of slots) slot.leave();
    calls.forEach((each, index) => {
      if (each.runs === 1) each.end.resolve(index);
    });
    await tick();
  }
  await Promise.all(settlements);
  const ticksOfBegun = calls.filter(({ runs }) => runs > 0).map(({ begunInTick }) => begunInTick);
  expect(ticksOfBegun).toEqual([...ticksOfBegun].sort((a, b) => a - b)); // first come, first served
  for (const { settled, runs, begunAt, arrivedAt, deadline } of calls) {
    expect([settled, runs <= 1]).toEqual([1, true]);
    const waitedMs = (begunAt ?? arrivedAt) - arrivedAt;
    expect(waitedMs).toBeLessThanOrEqual(maxWaitMs);
    if (waitedMs > 0) expect(begunAt).toBeLessThanOrEqual(deadline);
  }
  expect([slotsWanted, running, clock.pending]).toEqual([0, 0, 0]);
  const { underWay, queued, calls: letIn, rejected } = bulkhead.statistics();
  expect([underWay, queued]).toEqual([0, 0]);
  expect(letIn + rejected).toBeLessThanOrEqual(steps.length);
}

it('keeps its limits and its order, lets nobody starve, settles each call once and loses no slot', async () => {
  await fc.assert(fc.asyncProperty(scenario(0), live), { numRuns: 400, ...ONCE });
});

it('does so too while the limit changes', async () => {
  await fc.assert(fc.asyncProperty(scenario(3), live), { numRuns: 400, ...ONCE });
});
