import { beforeEach, expect, it } from 'vitest';
import { runTimeConfiguration } from '../../../lambdas/core/configuration/refresh.ts';
import type { PipelineEvent } from '../../../lambdas/core/events.ts';
import { liveSettings } from '../../../lambdas/core/live-settings.ts';
import { consumerSettings, deferred, eventLog, fakeClock, START } from '../fixtures.ts';

const REFRESH_MS = 60_000;
const deployed = consumerSettings({ circuits: { tracker: { openForMs: 30_000 } } });

function setup() {
  const clock = fakeClock(START);
  const live = liveSettings(deployed);
  const log = eventLog();
  let answer: () => Promise<string | undefined> = async () => undefined;
  let reads = 0;
  const configuration = runTimeConfiguration({
    deployed,
    live,
    source: {
      name: '/shop/spillway',
      read() {
        reads += 1;
        return answer();
      },
    },
    queue: 'orders',
    refreshMs: REFRESH_MS,
    versionOf: (text) => `v${text.length}`,
    emit: log.emit,
    clock,
  });
  return {
    clock,
    live,
    log,
    refresh: () => configuration.refresh(),
    answers(next: string | undefined | (() => Promise<string | undefined>)) {
      answer = typeof next === 'function' ? next : async () => next;
    },
    async later(ms = REFRESH_MS) {
      clock.advance(ms);
      await configuration.refresh();
    },
    reads: () => reads,
    take: (): PipelineEvent[] => log.events.splice(0),
  };
}

const openFor = (text: string): string => `circuits:\n  tracker:\n    openFor: ${text}\n`;
let s: ReturnType<typeof setup>;
beforeEach(() => {
  s = setup();
});

it('goes by what it reads, and says what has changed', async () => {
  s.answers(openFor('5s'));
  await s.refresh();
  expect(s.live.circuits.tracker?.openForMs).toBe(5_000);
  expect(s.take()).toEqual([
    {
      kind: 'configuration-applied',
      source: '/shop/spillway',
      version: 'v37',
      changes: [{ option: 'circuits.tracker.openForMs', from: 30_000, to: 5_000 }],
      ignored: [],
    },
  ]);
});

it('looks again exactly when the refresh time is over', async () => {
  await s.refresh();
  s.answers(openFor('5s'));
  await s.later(REFRESH_MS - 1);
  expect([s.reads(), s.live.circuits.tracker?.openForMs]).toEqual([1, 30_000]);
  await s.later(1);
  expect([s.reads(), s.live.circuits.tracker?.openForMs]).toEqual([2, 5_000]);
});

it('refuses a bad one as a whole, each time that it looks, and stays at the last good one', async () => {
  s.answers(openFor('5s'));
  await s.refresh();
  s.take();
  s.answers(`${openFor('7s')}    failureThreshold: 0\n`);
  for (let look = 0; look < 3; look += 1) {
    await s.later();
    expect(s.live.circuits.tracker).toEqual({ ...deployed.circuits.tracker, openForMs: 5_000 });
    expect(s.take()).toEqual([
      {
        kind: 'configuration-refused',
        source: '/shop/spillway',
        version: 'v61',
        problems: [
          {
            line: 4,
            column: 23,
            path: 'circuits.tracker.failureThreshold',
            rule: 'must be a whole number from 1 to 10000',
            value: '0',
          },
        ],
      },
    ]);
  }
  s.answers(openFor('7s'));
  await s.later();
  expect(s.live.circuits.tracker?.openForMs).toBe(7_000);
});

it('starts with what was deployed if the first one is bad', async () => {
  s.answers('circuits: []');
  await s.refresh();
  expect(s.live).toEqual(deployed);
  expect(s.log.kinds()).toEqual(['configuration-refused']);
});

it('goes back to what was deployed where the text no longer says anything else', async () => {
  s.answers(openFor('5s'));
  await s.refresh();
  s.answers('');
  await s.later();
  expect(s.live).toEqual(deployed);
  s.answers(openFor('5s'));
  await s.later();
  s.answers(undefined);
  await s.later();
  expect(s.live).toEqual(deployed);
});

it('says that it has looked, and nothing else, while nothing changes', async () => {
  s.answers(openFor('5s'));
  await s.refresh();
  s.take();
  await s.later();
  expect(s.take()).toEqual([{ kind: 'configuration-unchanged', source: '/shop/spillway' }]);
});

it('names what is meant for others, once', async () => {
  s.answers('circuits: { mailer: { openFor: 5s } }\nqueues: { invoices: { concurrency: 2 } }');
  await s.refresh();
  expect(s.take()).toMatchObject([
    { kind: 'configuration-applied', changes: [], ignored: ['circuits.mailer', 'queues.invoices'] },
  ]);
  await s.later();
  expect(s.take()).toMatchObject([{ kind: 'configuration-unchanged' }]);
});

it('waits a second for the first answer, then goes on, and takes it when it has come', async () => {
  const reading = deferred<string | undefined>();
  s.answers(() => reading.promise);
  const looking = s.refresh();
  await s.clock.pass(999);
  let done = false;
  void looking.then(() => {
    done = true;
  });
  await s.clock.pass(0);
  expect(done).toBe(false);
  await s.clock.pass(1);
  await looking;
  expect(s.take()).toMatchObject([{ kind: 'configuration-unavailable', error: { name: 'NoAnswerError' } }]);
  expect(s.live).toEqual(deployed);

  await s.later(10);
  reading.resolve(openFor('5s'));
  await s.clock.pass(0);
  expect(s.live).toEqual(deployed);
  await s.later(10);
  expect(s.live.circuits.tracker?.openForMs).toBe(5_000);
  expect(s.reads()).toBe(1);
});

it('waits a quarter of a second for later answers', async () => {
  await s.refresh();
  s.answers(() => new Promise(() => {}));
  s.clock.advance(REFRESH_MS);
  const looking = s.refresh();
  await s.clock.pass(250);
  await looking;
  expect(s.log.kinds().at(-1)).toBe('configuration-unavailable');
});

it('gives up an answer that does not come within the refresh time, and asks again', async () => {
  await s.refresh();
  s.answers(() => new Promise(() => {}));
  s.clock.advance(REFRESH_MS);
  const looking = s.refresh();
  await s.clock.pass(250);
  await looking;
  s.answers(openFor('5s'));
  await s.later(1_000);
  expect(s.reads()).toBe(2);
  await s.later(REFRESH_MS);
  expect([s.reads(), s.live.circuits.tracker?.openForMs]).toEqual([3, 5_000]);
});

/** Looks at a text that comes a little too late for the invocation that asks for it. */
async function lookLate(text: string): Promise<void> {
  const reading = deferred<string | undefined>();
  s.answers(() => reading.promise);
  s.clock.advance(REFRESH_MS);
  const looking = s.refresh();
  await s.clock.pass(250);
  await looking;
  reading.resolve(text);
  await s.clock.pass(0);
}

it('takes what came late while it is not older than the refresh time', async () => {
  await s.refresh();
  await lookLate(openFor('5s'));
  await s.later(REFRESH_MS - 251);
  expect([s.reads(), s.live.circuits.tracker?.openForMs]).toEqual([2, 5_000]);
});

it.each([REFRESH_MS - 250, 3_600_000])(
  'looks again, with the invocation that finds it, where what came late is older: after %i ms',
  async (quietMs) => {
    await s.refresh();
    await lookLate(openFor('5s'));
    s.take();
    s.answers(openFor('7s'));
    await s.later(quietMs);
    expect([s.reads(), s.live.circuits.tracker?.openForMs]).toEqual([3, 7_000]);
    expect(s.take()).toMatchObject([
      { kind: 'configuration-applied', changes: [{ option: 'circuits.tracker.openForMs', to: 7_000 }] },
    ]);
  },
);

it('stays at the last good one, not at what came late and is old, while the store is slow again', async () => {
  s.answers(openFor('6s'));
  await s.refresh();
  await lookLate(openFor('5s'));
  s.answers(() => new Promise(() => {}));
  s.clock.advance(REFRESH_MS);
  const looking = s.refresh();
  await s.clock.pass(250);
  await looking;
  expect(s.live.circuits.tracker?.openForMs).toBe(6_000);
  expect(s.log.kinds().at(-1)).toBe('configuration-unavailable');
});

it('goes on with the last good one while the store fails, and looks again after five seconds', async () => {
  s.answers(openFor('5s'));
  await s.refresh();
  s.take();
  s.answers(() => Promise.reject(new Error('throttled')));
  await s.later();
  expect(s.live.circuits.tracker?.openForMs).toBe(5_000);
  expect(s.take()).toMatchObject([{ kind: 'configuration-unavailable', error: { message: 'throttled' } }]);
  s.answers(openFor('6s'));
  await s.later(4_999);
  expect(s.live.circuits.tracker?.openForMs).toBe(5_000);
  await s.later(1);
  expect(s.live.circuits.tracker?.openForMs).toBe(6_000);
});

it('asks a store that fails again and again less often each time, but once in the refresh time', async () => {
  s.answers(() => Promise.reject(new Error('throttled')));
  await s.refresh();
  const asked: number[] = [];
  for (let second = 1; second <= 200; second += 1) {
    const before = s.reads();
    await s.later(1_000);
    if (s.reads() > before) asked.push(second);
  }
  expect(asked).toEqual([5, 15, 35, 75, 135, 195]);
});

it('keeps the objects that circuits have taken hold of', async () => {
  const { tracker } = s.live.circuits;
  s.answers(`${openFor('5s')}    slowCallThreshold: 800ms\n`);
  await s.refresh();
  expect(s.live.circuits.tracker).toBe(tracker);
  expect(tracker).toMatchObject({ openForMs: 5_000, slowCallMs: 800 });
  s.answers(openFor('5s'));
  await s.later();
  expect(tracker).not.toHaveProperty('slowCallMs');
});
