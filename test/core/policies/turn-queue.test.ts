import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { turnQueue } from '../../../lambdas/core/policies/turn-queue.ts';
import { fakeClock } from '../fixtures.ts';

/** What a backlog costs that meets a limit of `limit` turns a second: environments receive messages at random. */
function drain(backlog: number, limit: number, environments: number, seed: number) {
  const clock = fakeClock();
  const random = chance(seed);
  const queues = Array.from({ length: environments }, () => turnQueue(clock, random));
  const start = clock.now();
  let waiting = Array.from({ length: backlog }, () => start);
  let receives = 0;
  let seconds = 0;
  while (waiting.length > 0 && seconds < 10_000) {
    clock.advance(1_000);
    seconds += 1;
    let turns = limit;
    const back: number[] = [];
    for (const at of waiting.sort((a, b) => a - b)) {
      if (at > clock.now()) {
        back.push(at);
        continue;
      }
      receives += 1;
      const queue = queues[Math.floor(random() * environments)];
      if (turns > 0) {
        turns -= 1;
        queue?.granted();
      } else {
        back.push(queue?.place(1_000 / limit, clock.now()) ?? 0);
      }
    }
    waiting = back;
  }
  return { seconds, receivesEach: receives / backlog };
}

function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('the places of messages that a rate limit refused', () => {
  it('follow each other at the rate of the limit, a little closer', () => {
    const clock = fakeClock();
    const queue = turnQueue(clock, () => 0);
    const now = clock.now();
    const places = [1, 2, 3].map(() => queue.place(100, now) - now);
    expect(places.map(Math.round)).toEqual([80, 160, 240]);
  });

  it('do not stand behind those of a slower limit', () => {
    const clock = fakeClock();
    const queue = turnQueue(clock, () => 0);
    const now = clock.now();
    for (let at = 0; at < 100; at += 1) queue.place(10_000, now);
    expect(queue.place(100, now) - now).toBeLessThan(100 * 20);
    const behind = queue.place(100, now);
    expect(queue.place(10_000, now)).toBeGreaterThan(behind);
  });

  it('begin when the limit says that there may be a turn', () => {
    const clock = fakeClock();
    const queue = turnQueue(clock, () => 0);
    expect(queue.place(100, clock.now() + 5_000) - clock.now()).toBeCloseTo(5_080);
  });

  it('lie farther apart where others take most of the turns', () => {
    const clock = fakeClock();
    const queue = turnQueue(clock, () => 0);
    queue.place(100, clock.now());
    for (let second = 0; second < 60; second += 1) {
      clock.advance(1_000);
      queue.granted(); // one turn of ten
    }
    const [first = 0, second = 0] = [1, 2].map(() => queue.place(100, clock.now()));
    expect(second - first).toBeGreaterThan(500);
    expect(second - first).toBeLessThan(1_000);
  });

  it('are never farther away than a quarter of an hour and a second', () => {
    const clock = fakeClock();
    const queue = turnQueue(clock, () => 0.999);
    let place = 0;
    for (let at = 0; at < 1_000; at += 1) place = queue.place(60_000, clock.now());
    expect(place - clock.now()).toBeLessThan(901_000);
  });

  it('begin anew when the limit is raised, and stay behind the others when it is lowered', () => {
    const clock = fakeClock();
    const queue = turnQueue(clock, () => 0);
    const places = (turnMs: number): number[] =>
      [1, 2].map(() => Math.round(queue.place(turnMs, clock.now()) - clock.now()));
    for (let at = 0; at < 1_000; at += 1) queue.place(60_000, clock.now());
    expect(places(100)).toEqual([80, 160]);
    expect(places(1_000)).toEqual([960, 1_760]);
  });

  it('drain a backlog in about the time that the limit needs, and few receives', () => {
    const cases = fc.record({
      backlog: fc.integer({ min: 1_000, max: 6_000 }),
      limit: fc.integer({ min: 20, max: 100 }),
      environments: fc.integer({ min: 1, max: 8 }),
      seed: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(cases, ({ backlog, limit, environments, seed }) => {
        const { seconds, receivesEach } = drain(backlog, limit, environments, seed);
        expect(seconds).toBeLessThanOrEqual((backlog / limit) * 1.5 + 10);
        expect(receivesEach).toBeLessThanOrEqual(8);
      }),
      { numRuns: 30 },
    );
  });
});
