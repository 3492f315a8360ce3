import { describe, expect, it } from 'vitest';
import { SWEEP_FOR_MS } from '../../../lambdas/core/intake/desired.ts';
import { SETTLED_MS } from '../../../lambdas/core/intake/plan.ts';
import { CHANGE_MS, controlled, intakeWorld, RAMP_STEP_MS } from './world.ts';

const TRACKER = 'circuit#tracker';
const INTAKE = 'circuit#intake#orders';
const MINUTE = 60_000;
const HOUR = 3_600_000;

/** A world in which the intake is paused for an open circuit. */
async function paused(...args: Parameters<typeof intakeWorld>) {
  const world = intakeWorld(...args);
  world.open();
  await world.told(TRACKER);
  await world.live(CHANGE_MS);
  return world;
}

describe('an open circuit', () => {
  it('pauses the intake at once, with the marker written before', async () => {
    const { calls, sourceOf, markers } = await paused();
    expect(calls.indexOf('mark paused')).toBeLessThan(calls.indexOf('change {"enabled":false}'));
    expect(sourceOf().state).toBe('Disabled');
    expect(markers.get('orders')).toMatchObject({ phase: 'paused', mappingId: 'mapping-1' });
  });

  it('is noticed by the schedule where its message was lost', async () => {
    const { open, live, sourceOf } = intakeWorld();
    open(TRACKER, 10 * MINUTE);
    await live(MINUTE);
    expect(sourceOf().state).not.toBe('Enabled');
  });

  it('opens the intake gently when it may be probed, by a wake-up rather than by the schedule', async () => {
    const { live, clock, sourceOf, notes } = await paused();
    const due = notes.get(TRACKER)?.at ?? 0;
    await live(due - clock.now());
    expect(sourceOf()).toEqual({ state: 'Enabling', maximumConcurrency: 2 });
    await live(CHANGE_MS);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  });

  it('orders one wake-up for each of its versions, and drops one for a version that has passed', async () => {
    const { run, messages, open, told, calls, clock, controller } = await paused();
    await run();
    await run();
    const wakeUps = (): number =>
      messages.filter(({ message }) => message.kind === 'timer' && message.key === TRACKER).length;
    expect(wakeUps()).toBe(1);
    const [stale] = messages.filter(({ message }) => message.key === TRACKER);
    clock.advance(30_000);
    open();
    await told(TRACKER);
    expect(wakeUps()).toBe(2);
    calls.length = 0;
    if (stale !== undefined) await run(() => controller.hear([stale.message]));
    expect(calls).not.toContain('describe');
  });

  it('that was opened by a clock far ahead holds nobody up for longer than its open time', async () => {
    const { circuit, told, live, clock, sourceOf } = intakeWorld();
    const openUntil = clock.now() + HOUR;
    circuit(TRACKER, { version: openUntil, state: 'open', openUntil, openForMs: 30_000 });
    await told(TRACKER);
    await live(3 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  });

  it('pauses every consumer that needs it, and no other', async () => {
    const intakes = [
      controlled({ consumerId: 'a', mappingId: 'm-a' }),
      controlled({ consumerId: 'b', mappingId: 'm-b', circuits: ['mail', 'tracker'] }),
      controlled({ consumerId: 'c', mappingId: 'm-c', circuits: ['mail'] }),
    ];
    const { open, told, sourceOf } = intakeWorld(intakes);
    open();
    await told(TRACKER);
    expect(['m-a', 'm-b', 'm-c'].map((id) => sourceOf(id).state)).toEqual([
      'Disabling',
      'Disabling',
      'Enabled',
    ]);
  });

  it('among several keeps the intake paused until the last of them may be probed', async () => {
    const { open, run, live, sourceOf } = intakeWorld([controlled({ circuits: ['tracker', 'mail'] })]);
    open(TRACKER, 60_000);
    open('circuit#mail', 200_000);
    await run();
    await live(190_000);
    expect(sourceOf().state).toBe('Disabled');
    await live(20_000);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  });
});

describe('a circuit that closed', () => {
  it('brings the intake back in steps, and the marker goes with the last one', async () => {
    const { live, clock, notes, circuit, told, events, sourceOf, markers } = await paused();
    await live((notes.get(TRACKER)?.at ?? 0) - clock.now() + CHANGE_MS);
    circuit(TRACKER, { state: 'closed' });
    await told(TRACKER);
    await live(2 * MINUTE);
    expect(markers.get('orders')?.phase).toBe('settling');
    await live(SETTLED_MS);
    const opened = events.flatMap((event) =>
      event.kind === 'intake-opened' ? [[event.why, event.concurrency]] : [],
    );
    expect(opened).toEqual([
      ['probe', 2],
      ['ramp', 4],
      ['ramp', 8],
      ['full', 10],
    ]);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 10 });
    expect(markers.size).toBe(0);
  });

  it('waits between the steps', async () => {
    const { live, circuit, told, clock, watch } = await paused();
    const at: number[] = [];
    watch(() => at.push(clock.now()));
    circuit(TRACKER, undefined);
    await told(TRACKER);
    await live(3 * MINUTE);
    expect(at).toHaveLength(4);
    for (const [index, moment] of at.slice(1).entries()) {
      expect(moment - (at[index] ?? 0)).toBeGreaterThanOrEqual(RAMP_STEP_MS);
    }
  });

  it('gives an event source without a limit none in the end', async () => {
    const { maxConcurrency: _none, ...consumer } = controlled().consumer;
    const { live, circuit, told, sourceOf, markers } = await paused([{ ...controlled(), consumer }]);
    circuit(TRACKER, undefined);
    await told(TRACKER);
    await live(3 * MINUTE + SETTLED_MS);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: undefined });
    expect(markers.size).toBe(0);
  });

  it('and opens again on the way pauses the intake again, as a new pause', async () => {
    const { live, circuit, told, open, sourceOf, markers, clock } = await paused();
    circuit(TRACKER, undefined);
    await told(TRACKER);
    await live(RAMP_STEP_MS + CHANGE_MS + 1_000);
    expect(markers.get('orders')?.phase).toBe('ramping');
    open();
    const openedAt = clock.now();
    await told(TRACKER);
    await live(2 * CHANGE_MS);
    expect(sourceOf().state).toBe('Disabled');
    expect(markers.get('orders')).toMatchObject({ phase: 'paused' });
    expect(markers.get('orders')?.pausedAt).toBeGreaterThanOrEqual(openedAt);
  });

  it('whose probe failed pauses the intake again, and the pause goes on', async () => {
    const { live, open, told, markers, sourceOf } = await paused();
    const since = markers.get('orders')?.pausedAt;
    await live(MINUTE + 2 * CHANGE_MS);
    expect(markers.get('orders')?.phase).toBe('gentle');
    open(TRACKER, 120_000);
    await told(TRACKER);
    await live(2 * CHANGE_MS);
    expect(sourceOf().state).toBe('Disabled');
    expect(markers.get('orders')).toMatchObject({ phase: 'paused', pausedAt: since });
  });
});

it('an open circuit that nobody probes, for want of messages, is no pause once it may be probed', async () => {
  const { live, statuses, sourceOf } = await paused();
  await live(30 * MINUTE);
  expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  expect(statuses().at(-1)).toMatchObject({ paused: false, pausedForSeconds: 0, withoutCause: false });
});

it('a pause that is over has its cause until the run that ends it, and no longer', async () => {
  const { run, clock, notes, statuses, sourceOf, say } = await paused();
  clock.advance((notes.get(TRACKER)?.at ?? 0) - clock.now());
  await run(); // the schedule is there before the wake-up
  expect(statuses().at(-1)).toMatchObject({ paused: true, withoutCause: false });
  expect(sourceOf().state).toBe('Enabling');
  say({ state: 'Disabled', maximumConcurrency: 2 }); // what was asked for has had no effect
  await run();
  expect(statuses().at(-1)).toMatchObject({ paused: true, withoutCause: true });
});

describe('a hold', () => {
  it('pauses the intake for as long as it stands, and is told as one', async () => {
    const { circuit, told, live, sourceOf, statuses } = intakeWorld();
    circuit(INTAKE, { state: 'forced-open' });
    await told(INTAKE);
    await live(10 * MINUTE);
    expect(sourceOf().state).toBe('Disabled');
    expect(statuses().at(-1)).toMatchObject({ held: true, paused: true, withoutCause: false });
    circuit(INTAKE, { state: 'closed' });
    await told(INTAKE);
    await live(2 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 10 });
  });

  it('of the kill switch names the fault', async () => {
    const { circuit, live, statuses, events, clock } = intakeWorld();
    const openUntil = clock.now() + 5 * MINUTE;
    circuit(INTAKE, { state: 'open', openUntil, openForMs: 5 * MINUTE, fingerprint: 'abc123' });
    await live(2 * MINUTE);
    expect(statuses().at(-1)).toMatchObject({ killSwitch: 'abc123', held: false });
    expect(events).toContainEqual({
      kind: 'intake-paused',
      consumerId: 'orders',
      causes: ['kill switch: abc123'],
    });
  });
});

it('tells how long a circuit has been half-open', async () => {
  const { circuit, live, statuses, clock } = intakeWorld();
  circuit(TRACKER, { state: 'half-open', version: clock.now() });
  await live(2 * MINUTE);
  const { circuits, halfOpenForSeconds } = statuses().at(-1) ?? {};
  expect(circuits?.get('tracker')).toBe('half-open');
  expect(halfOpenForSeconds).toEqual(new Map([['tracker', 120]]));
  circuit(TRACKER, { state: 'closed' });
  await live(MINUTE);
  expect(statuses().at(-1)?.halfOpenForSeconds).toEqual(new Map());
});

describe('an event source that somebody else disabled', () => {
  it('stays disabled, before a circuit opens, while it is open and after it closed', async () => {
    const { order, open, circuit, told, live, sourceOf, calls, statuses } = intakeWorld();
    order({ enabled: false });
    await live(2 * MINUTE);
    expect(statuses().at(-1)).toMatchObject({ paused: true, withoutCause: true });
    open();
    await told(TRACKER);
    await live(2 * MINUTE);
    circuit(TRACKER, undefined);
    await live(5 * MINUTE);
    expect(sourceOf().state).toBe('Disabled');
    expect(calls.filter((call) => call.startsWith('change'))).toEqual([]);
  });

  it('while it was opened gently is theirs from then on', async () => {
    const { live, order, circuit, sourceOf, markers, statuses } = await paused();
    await live(MINUTE + 2 * CHANGE_MS);
    expect(sourceOf().state).toBe('Enabled');
    order({ enabled: false });
    await live(5 * MINUTE);
    circuit(TRACKER, undefined);
    await live(5 * MINUTE);
    expect(sourceOf().state).toBe('Disabled');
    expect(markers.size).toBe(0);
    expect(statuses().at(-1)).toMatchObject({ withoutCause: true });
  });
});

describe('a deployment in the middle of a pause', () => {
  it('that enables the event source is put right', async () => {
    const { order, live, sourceOf, open } = await paused();
    open(TRACKER, 10 * MINUTE);
    order({ enabled: true });
    await live(2 * MINUTE);
    expect(sourceOf().state).toBe('Disabled');
  });

  it('that puts another event source in its place has that paused, too', async () => {
    const before = await paused();
    const after = intakeWorld([controlled({ mappingId: 'mapping-2' })]);
    after.markers.set('orders', { ...before.markers.get('orders') } as never);
    after.open(TRACKER, 10 * MINUTE);
    await after.live(2 * MINUTE);
    expect(after.sourceOf('mapping-2').state).toBe('Disabled');
    expect(after.markers.get('orders')).toMatchObject({ mappingId: 'mapping-2', phase: 'paused' });
  });

  it('whose new event source is not paused forgets the old one', async () => {
    const before = await paused();
    const after = intakeWorld([controlled({ mappingId: 'mapping-2' })]);
    after.markers.set('orders', { ...before.markers.get('orders') } as never);
    await after.live(MINUTE);
    expect(after.markers.size).toBe(0);
    expect(after.sourceOf('mapping-2')).toEqual({ state: 'Enabled', maximumConcurrency: 10 });
  });

  it('that sets another concurrency does not open a gentle intake further', async () => {
    const { live, order, sourceOf } = await paused();
    await live(MINUTE + 2 * CHANGE_MS);
    order({ maximumConcurrency: 50 });
    await live(2 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  });
});

describe('a run that stands still while others go on', () => {
  it('changes no marker that is not the one it has read', async () => {
    const { clock, notes, run, release, open, told, live, circuit, sourceOf, markers } = await paused();
    clock.advance((notes.get(TRACKER)?.at ?? 0) - clock.now());
    // read, describe and change go through; then it stalls with "gentle" on its lips.
    const before = Array.from<undefined>({ length: 6 });
    await run(undefined, [...before, 'stalled']);
    await live(2 * CHANGE_MS);
    open(TRACKER, 10 * MINUTE);
    await told(TRACKER);
    await live(2 * CHANGE_MS);
    expect(sourceOf().state).toBe('Disabled');
    await release();
    expect(markers.get('orders')?.phase).toBe('paused');
    await live(5 * MINUTE);
    circuit(TRACKER, undefined);
    await live(5 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 10 });
  });
});

describe('a run that was overtaken', () => {
  it('ends, rather than pause what was opened meanwhile', async () => {
    const { open, run, release, live, clock, notes, sourceOf, markers } = intakeWorld();
    open(TRACKER, 90_000);
    // read and describe go through; then it stalls before its marker.
    await run(undefined, [...Array.from<undefined>({ length: 4 }), 'stalled']);
    await live(MINUTE);
    await live((notes.get(TRACKER)?.at ?? 0) - clock.now() + CHANGE_MS + MINUTE);
    expect(markers.get('orders')?.phase).toBe('gentle');
    await release();
    await live(1_000);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  });
});

describe('a pause that takes effect late, after others have opened the source', () => {
  /** The first run has written its marker, and its change hangs. */
  async function late(consumer: Parameters<typeof controlled>[0] = {}) {
    const world = intakeWorld([controlled(consumer)]);
    world.circuit(INTAKE, { state: 'forced-open' });
    // read, describe and mark go through; then the change stalls.
    await world.run(undefined, [...Array.from<undefined>({ length: 6 }), 'stalled']);
    expect(world.markers.get('orders')?.phase).toBe('paused');
    return world;
  }

  it.each([
    { maxConcurrency: 2, after: 5_000, phase: 'settling' },
    { maxConcurrency: 10, after: 5_000, phase: 'ramping' },
    { maxConcurrency: 10, after: 2 * MINUTE, phase: 'settling' },
  ])('is known for our own ($phase, at most $maxConcurrency)', async ({ maxConcurrency, after, phase }) => {
    const { circuit, told, live, release, markers, sourceOf } = await late({ maxConcurrency });
    circuit(INTAKE, undefined);
    await told(INTAKE);
    await live(after);
    await live(CHANGE_MS);
    expect(markers.get('orders')?.phase).toBe(phase);
    await release();
    await live(8 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: maxConcurrency });
    expect(markers.size).toBe(0);
  });
});

describe('Lambda', () => {
  it('that throttles is asked again soon, and what could not be done is told', async () => {
    const { open, run, controller, live, sourceOf, events } = intakeWorld();
    open(TRACKER, 10 * MINUTE);
    const told = () => controller.hear([{ kind: 'circuit-changed', key: TRACKER }]);
    // read, describe and mark go through, each with a moment before and after; the change does not.
    await run(told, [undefined, undefined, undefined, undefined, undefined, undefined, 'throttled']);
    expect(sourceOf().state).toBe('Enabled');
    expect(events).toContainEqual(expect.objectContaining({ kind: 'intake-error', consumerId: 'orders' }));
    await live(6_000);
    expect(sourceOf().state).toBe('Disabling');
  });

  it('that is still changing an event source is left to it, and looked at again soon', async () => {
    const { order, open, told, live, sourceOf } = intakeWorld();
    order({ maximumConcurrency: 7 });
    open(TRACKER, 10 * MINUTE);
    await told(TRACKER);
    expect(sourceOf().state).toBe('Updating');
    await live(3 * CHANGE_MS);
    expect(sourceOf().state).toBe('Disabled');
  });

  it('that says what was so before is not believed to speak of somebody else', async () => {
    const { live, clock, notes, say, run, circuit, told, sourceOf } = await paused();
    await live((notes.get(TRACKER)?.at ?? 0) - clock.now());
    say({ state: 'Disabled', maximumConcurrency: 10 });
    await run();
    say(undefined);
    await live(CHANGE_MS);
    circuit(TRACKER, undefined);
    await told(TRACKER);
    await live(3 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 10 });
  });

  it('that still says "Enabled" of a source that was just paused has it enabled all the same', async () => {
    const { say, circuit, told, live, sourceOf } = await paused();
    circuit(TRACKER, undefined);
    say({ state: 'Enabled', maximumConcurrency: 10 });
    await told(TRACKER);
    say(undefined);
    await live(6 * MINUTE);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 10 });
  });

  it('that will not do what it is asked is left to the schedule', async () => {
    const { removeSource, live, calls } = intakeWorld();
    removeSource('mapping-1');
    await live(10 * MINUTE);
    expect(calls.filter((call) => call === 'describe')).toHaveLength(10);
  });

  it('that knows no such event source costs the other consumers nothing', async () => {
    const intakes = [
      controlled({ consumerId: 'gone', mappingId: 'm-gone' }),
      controlled({ consumerId: 'orders', mappingId: 'm-orders' }),
    ];
    const { removeSource, open, told, sourceOf, events } = intakeWorld(intakes);
    removeSource('m-gone');
    open();
    await told(TRACKER);
    expect(sourceOf('m-orders').state).toBe('Disabling');
    expect(events).toContainEqual(expect.objectContaining({ kind: 'intake-error', consumerId: 'gone' }));
  });
});

describe('a long pause', () => {
  it('is interrupted for sweeps, and ends in one before its messages’ last hour', async () => {
    const { circuit, told, live, sourceOf, clock } = intakeWorld();
    circuit(INTAKE, { state: 'forced-open' });
    await told(INTAKE);
    const begin = clock.now();
    let disabledSince: number | undefined;
    let longest = 0;
    let lastDisabled = 0;
    await live(25 * HOUR, () => {
      const now = clock.now();
      if (sourceOf().state === 'Enabled') disabledSince = undefined;
      else {
        disabledSince ??= now;
        lastDisabled = now;
        longest = Math.max(longest, now - disabledSince);
      }
    });
    // Half of the two hours in which an expired message waits for SQS to delete it would do; half an hour is the most.
    expect(longest).toBeLessThanOrEqual(HOUR / 2 + MINUTE);
    expect(lastDisabled - begin).toBeLessThanOrEqual(23 * HOUR);
    expect(sourceOf()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  });

  it('is swept for a while only', async () => {
    const { circuit, told, live, sourceOf, clock } = intakeWorld();
    circuit(INTAKE, { state: 'forced-open' });
    await told(INTAKE);
    const at: number[] = [];
    await live(2 * HOUR, () => {
      if (sourceOf().state === 'Enabled') at.push(clock.now());
    });
    expect(at.length).toBeGreaterThan(0);
    const sweeps = at.filter((moment, index) => moment - (at[index - 1] ?? 0) > 10 * MINUTE);
    expect(sweeps).toHaveLength(3);
    for (const sweep of sweeps) {
      const last = Math.max(...at.filter((moment) => moment - sweep < 10 * MINUTE));
      expect(last - sweep).toBeLessThanOrEqual(SWEEP_FOR_MS + 2 * CHANGE_MS);
    }
  });

  it.each([
    { retryUntilSeconds: 3_600, retentionSeconds: 7_200, why: 'messages live for an hour' },
    { retryUntilSeconds: 600, retentionSeconds: 900, why: 'messages live for minutes' },
  ])('is not begun where $why', async ({ retryUntilSeconds, retentionSeconds }) => {
    const { open, told, live, sourceOf, calls } = intakeWorld([
      controlled({ retryUntilSeconds, retentionSeconds }),
    ]);
    open();
    await told(TRACKER);
    await live(5 * MINUTE);
    expect(sourceOf().state).toBe('Enabled');
    expect(calls.filter((call) => call.startsWith('change'))).toEqual([]);
  });
});
