import { describe, expect, it } from 'vitest';
import { memoryCircuits } from '../../lambdas/core/circuit/memory-circuits.ts';
import { PermanentError } from '../../lambdas/core/errors.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import { eventLog, Faults, fakeClock, fakeRecords, memoryCounts, START } from './fixtures.ts';
import {
  moved,
  outage,
  type PipelineOptions,
  pipelineHarness,
  putBack,
  recordOf,
} from './pipeline-harness.ts';

const SECOND = 1_000;
const killSwitch = { minMessages: 3, openForMs: 60 * SECOND, maxOpenForMs: 240 * SECOND };
const FIFO = { queue: { url: 'http://sqs.local/1/orders.fifo' }, onExhausted: 'halt' } as const;

/** A consumer whose handler fails as the test says, order by order. */
function consumer(options: PipelineOptions = {}) {
  const failures = { thrown: undefined as unknown };
  const faults = new Faults();
  const harness = pipelineHarness({
    counts: memoryCounts(faults),
    handle() {
      if (failures.thrown !== undefined) throw failures.thrown;
    },
    ...options,
    settings: { killSwitch, ...options.settings },
  });
  let sent = 0;
  const takeNext: typeof harness.take = (message = {}, ...rest) => {
    sent += 1;
    return harness.take({ messageId: `m-${sent}`, body: `{"order":"${sent}"}`, ...message }, ...rest);
  };
  /** Messages that fail for good, until the switch is on. */
  async function trip(): Promise<void> {
    failures.thrown = bug;
    for (let at = 1; at < killSwitch.minMessages; at += 1) moved(await takeNext());
    expect(putBack(await takeNext()).cause).toBe('kill-switch');
  }
  const told = (kind: PipelineEvent['kind']) => harness.events.filter((event) => event.kind === kind);
  return { ...harness, take: takeNext, failures, faults, trip, told };
}

const bug = new PermanentError('a bug');
const another = new PermanentError('something else');

describe('while the intake is held', () => {
  it('messages are put back free of charge, spread behind the time to try again', async () => {
    const { take, intake, handled, told } = consumer();
    await intake.set('forced-open', { summary: 'maintenance' });
    expect(putBack(await take({}, recordOf(2)))).toMatchObject({
      cause: 'held',
      delayMs: 60 * SECOND,
      record: undefined,
    });
    expect(handled).toEqual([]);
    expect(told('circuit-rejected')).toEqual([{ kind: 'circuit-rejected', circuit: 'intake' }]);
  });

  it('poison, expired and moved messages take their way all the same', async () => {
    const { take, intake } = consumer();
    await intake.set('forced-open');
    expect(moved(await take({ body: '{' })).target).toBe('quarantine');
    expect(moved(await take({ sentAtEpochMs: 0 })).envelope).toMatchObject({ reason: 'EXPIRED' });
    expect(await take({}, { ...recordOf(1), movedTo: { queue: 'dlq', messageId: 'x' } })).toEqual({
      kind: 'done',
    });
  });

  it('other circuits are not asked', async () => {
    const { take, intake, circuits } = consumer();
    await intake.set('forced-open');
    const circuit = circuits.get('default');
    for (let at = 0; at < 5; at += 1) {
      const admission = await circuit?.admit();
      if (admission?.kind === 'admitted')
        await circuit?.report(admission.permit, { kind: 'failure', summary: 'down' });
    }
    expect(circuit?.snapshot().state).toBe('open');
    expect(putBack(await take()).cause).toBe('held');
  });

  it('resumed, messages are handled again at once where it is known', async () => {
    const { take, intake } = consumer();
    await intake.set('forced-open');
    await intake.set('closed');
    expect(await take()).toEqual({ kind: 'done', handled: true });
  });
});

describe('the kill switch', () => {
  it('keeps the message that makes it too many, and all after it, out of the dead-letter queue', async () => {
    const { take, trip, intake, told } = consumer();
    await trip();
    expect(intake.snapshot()).toMatchObject({ state: 'open', retryAtEpochMs: START + 60 * SECOND });
    expect(putBack(await take()).cause).toBe('held');
    expect(told('kill-switch')).toEqual([
      {
        kind: 'kill-switch',
        fault: expect.stringMatching(/^[0-9a-f]{12}$/),
        error: 'PermanentError',
        count: 3,
        begun: 3,
      },
    ]);
  });

  it.each([401, 403])('takes a credential that expired for a fault: %i', async (status) => {
    const { take, failures, intake } = consumer();
    const refused = () => Object.assign(new Error('no access'), { status });
    for (let at = 1; at < killSwitch.minMessages; at += 1) {
      failures.thrown = refused();
      expect(moved(await take()).target).toBe('dead-letter');
    }
    failures.thrown = refused();
    expect(putBack(await take()).cause).toBe('kill-switch');
    expect(intake.snapshot().state).toBe('open');
  });

  it('does not count messages that are put back among those that were begun', async () => {
    const { take, failures, guard, clock, trip, told } = consumer();
    guard.running.set('elsewhere', clock.now() + SECOND);
    for (let at = 0; at < 50; at += 1) {
      expect(putBack(await take({ body: '{"order":"elsewhere"}' })).cause).toBe('in-progress');
      failures.thrown = new TypeError('unlike');
      expect(putBack(await take()).event).toBe('retried');
    }
    await trip();
    expect(told('kill-switch')).toMatchObject([{ count: 3, begun: 3 }]);
  });

  it('counts messages that use up their attempts, not those that have some left', async () => {
    const { take, failures, told } = consumer({ settings: { attempts: { max: 2 }, killSwitch } });
    failures.thrown = new TypeError('a bug');
    for (let at = 0; at < 5; at += 1) expect(putBack(await take()).event).toBe('retried');
    for (let at = 0; at < 2; at += 1) moved(await take({ receiveCount: 2 }, recordOf(1)));
    expect(putBack(await take({ receiveCount: 2 }, recordOf(1)))).toMatchObject({
      cause: 'kill-switch',
      record: undefined,
    });
    expect(told('kill-switch')).toHaveLength(1);
  });

  it('defers what fails alike while it is on, also with attempts left, and counts what fails otherwise', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = consumer({
      settings: { killSwitch, attempts: { max: 5 } },
      async handle({ order }) {
        await gates[Number(order)]?.promise;
        throw order === '1' ? new TypeError('unlike') : alike;
      },
    });
    const alike = new TypeError('alike');
    const { take, intake } = slow;
    const [same, other] = [0, 1].map((order) => take({ body: `{"order":"${order}"}` }));
    await new Promise((resolve) => setImmediate(resolve));
    for (let at = 0; at < 2; at += 1)
      moved(await take({ receiveCount: 2, body: `{"order":"a${at}"}` }, recordOf(4)));
    expect(putBack(await take({ receiveCount: 2, body: '{"order":"b"}' }, recordOf(4))).cause).toBe(
      'kill-switch',
    );
    expect(intake.snapshot().state).toBe('open');
    for (const gate of gates) gate.resolve();
    expect(putBack((await same) as never)).toMatchObject({ cause: 'kill-switch', record: undefined });
    expect(putBack((await other) as never)).toMatchObject({ event: 'retried', attempts: 1 });
  });

  it('lets a rare bad message among many good ones go', async () => {
    const { take, failures } = consumer();
    for (let at = 0; at < 100; at += 1) {
      failures.thrown = at % 10 === 9 ? bug : undefined;
      expect((await take()).kind).toBe(at % 10 === 9 ? 'move' : 'done');
    }
  });

  it('counts duplicates among what was done with', async () => {
    const { take, guard, failures } = consumer();
    guard.completed.add('again');
    for (let at = 0; at < 50; at += 1) await take({ body: '{"order":"again"}' });
    failures.thrown = bug;
    for (let at = 0; at < 5; at += 1) expect((await take()).kind).toBe('move');
  });

  it('dead-letters nothing while it cannot count', async () => {
    const { take, failures, faults, kinds } = consumer();
    failures.thrown = bug;
    faults.fail('state-table', { times: 1 });
    expect(putBack(await take())).toMatchObject({ cause: 'store-unavailable', delayMs: 5 * SECOND });
    expect(kinds()).toContain('store-error');
    expect((await take()).kind).toBe('move');
  });

  it('does not count expired and quarantined messages, nor moves that are resumed', async () => {
    const { take, failures, counts } = consumer();
    failures.thrown = bug;
    const { envelope } = moved(await take());
    for (let at = 0; at < 5; at += 1) {
      await take({ body: '{' });
      await take({ sentAtEpochMs: 0 });
      moved(await take({ receiveCount: 2 }, { ...recordOf(1), pendingMove: envelope }));
    }
    expect((await counts.read(Math.floor(START / 30_000))).finished).toBe(1);
  });

  it('leaves an intake alone that an operator holds open by force', async () => {
    const { take, failures, intake } = consumer();
    await intake.set('forced-closed');
    failures.thrown = bug;
    for (let at = 0; at < 5; at += 1) expect((await take()).kind).toBe('move');
  });

  it('can be off', async () => {
    const { take, failures } = consumer({ settings: { killSwitch: false } });
    failures.thrown = bug;
    for (let at = 0; at < 50; at += 1) expect((await take()).kind).toBe('move');
  });
});

describe('once the intake was held long enough', () => {
  it('one message tries; handled, it ends the hold', async () => {
    const { take, trip, clock, failures, intake } = consumer();
    await trip();
    clock.advance(60 * SECOND);
    failures.thrown = undefined;
    expect(await take()).toEqual({ kind: 'done', handled: true });
    expect(intake.snapshot()).toMatchObject({ state: 'closed', fingerprint: undefined });
  });

  it('the others wait for the one that tries', async () => {
    const gate = Promise.withResolvers<void>();
    const { take, intake, clock } = consumer({ handle: () => gate.promise });
    await intake.open({ fingerprint: 'f', lastError: 'e' });
    clock.advance(60 * SECOND);
    const probe = take();
    await new Promise((resolve) => setImmediate(resolve));
    expect(putBack(await take()).cause).toBe('held');
    gate.resolve();
    expect((await probe).kind).toBe('done');
  });

  it.each([
    ['in the same way', bug],
    ['in another way', another],
    ['with attempts left', new TypeError('unlike')],
    ['because a dependency is down', outage()],
  ])(
    'one that fails %s costs nothing, comes behind the others and holds it for twice as long',
    async (_how, thrown) => {
      const { take, trip, clock, failures, intake } = consumer();
      await trip();
      clock.advance(60 * SECOND);
      failures.thrown = thrown;
      const verdict = putBack(await take());
      expect(verdict).toMatchObject({ cause: 'kill-switch', record: undefined });
      expect(verdict.delayMs).toBe(120 * SECOND * 1.25);
      expect(intake.snapshot()).toMatchObject({ state: 'open', retryAtEpochMs: clock.now() + 120 * SECOND });
      expect(putBack(await take()).delayMs).toBe(120 * SECOND);
    },
  );

  it('one that says nothing about the fault hands the try on', async () => {
    const { take, trip, clock, guard, failures, intake } = consumer();
    await trip();
    clock.advance(60 * SECOND);
    guard.completed.add('again');
    expect(await take({ body: '{"order":"again"}' })).toEqual({ kind: 'done' });
    guard.running.set('elsewhere', clock.now() + SECOND);
    expect(putBack(await take({ body: '{"order":"elsewhere"}' })).cause).toBe('in-progress');
    expect(intake.snapshot().state).toBe('half-open');
    failures.thrown = undefined;
    expect(await take()).toMatchObject({ handled: true });
    expect(intake.snapshot().state).toBe('closed');
  });

  it('a fault of the pipeline itself hands the try on', async () => {
    const { take, trip, clock, guard, failures, intake } = consumer();
    await trip();
    clock.advance(60 * SECOND);
    const { run } = guard;
    guard.run = () => Promise.reject(new Error('a fault'));
    expect(putBack(await take()).cause).toBe('internal-error');
    guard.run = run;
    failures.thrown = undefined;
    expect(await take()).toMatchObject({ handled: true });
    expect(intake.snapshot().state).toBe('closed');
  });
});

it('whoever cannot judge the message that tries hands the try on', async () => {
  const { apply, read } = memoryCircuits();
  const events = eventLog();
  const clock = fakeClock();
  const { take, failures, intake } = consumer({
    settings: FIFO,
    clock,
    circuitStore: {
      read,
      apply: (key, step) =>
        step.name === 'forced-open' ? Promise.reject(new Error('down')) : apply(key, step),
    },
    emit(event) {
      events.emit(event);
      if (event.kind === 'store-error') throw new Error('a fault');
    },
  });
  await intake.open({ fingerprint: 'f', lastError: 'e' });
  clock.advance(60 * SECOND);
  failures.thrown = bug;
  expect(putBack(await take()).cause).toBe('internal-error');
  failures.thrown = undefined;
  expect(await take()).toMatchObject({ handled: true });
});

describe('a suspect whose attempts are used up', () => {
  const crashed = { ...recordOf(4), started: { endsBy: START - 60_000, alone: true } };

  it('is counted by its last error, and tried once more when the switch holds it', async () => {
    const records = fakeRecords();
    const { take, intake } = consumer({ records });
    for (let at = 0; at < 2; at += 1) moved(await take({ receiveCount: 9 }, crashed));
    const verdict = putBack(await take({ messageId: 'last', receiveCount: 9 }, crashed));
    expect(verdict).toMatchObject({ cause: 'kill-switch', attempts: 4 });
    // It stays a suspect, without the crash that was charged.
    expect(records.stored.get('last')).toMatchObject({ attempts: 4, started: { alone: false } });
    await intake.set('closed');
    const again = records.stored.get('last') ?? recordOf(0);
    expect(await take({ messageId: 'last', receiveCount: 10 }, again)).toMatchObject({ handled: true });
  });
});

describe('a queue that halts', () => {
  it('keeps a message that failed for good, with a fresh budget, and holds the intake', async () => {
    const { take, failures, intake, told } = consumer({ settings: FIFO });
    failures.thrown = bug;
    const verdict = putBack(await take({ messageId: 'm-x', receiveCount: 3 }, recordOf(2)));
    expect(verdict).toMatchObject({
      cause: 'halted',
      event: 'deferred',
      record: { attempts: 0, history: [], lastError: { name: 'PermanentError' } },
    });
    expect(intake.snapshot()).toMatchObject({ state: 'open', forced: true });
    expect(await intake.admit()).toMatchObject({ lastError: 'halted at message m-x (m-x): PermanentError' });
    expect(told('halted')).toMatchObject([{ message: { messageId: 'm-x', stableId: 'm-x' } }]);
    expect(putBack(await take()).cause).toBe('held');
    failures.thrown = undefined;
    await intake.set('closed');
    expect(await take({ messageId: 'm-x', receiveCount: 4 }, verdict.record)).toMatchObject({
      handled: true,
    });
  });

  it('does so when the attempts are used up, and not before', async () => {
    const { take, failures } = consumer({ settings: FIFO });
    failures.thrown = new TypeError('a bug');
    expect(putBack(await take({ receiveCount: 4 }, recordOf(3)))).toMatchObject({
      event: 'retried',
      attempts: 4,
    });
    expect(putBack(await take({ receiveCount: 5 }, recordOf(4))).cause).toBe('halted');
  });

  it('halts at a suspect too, which stays one', async () => {
    const records = fakeRecords();
    const { take } = consumer({ settings: FIFO, records });
    const crashed = { ...recordOf(4), started: { endsBy: START - 60_000, alone: true } };
    const verdict = putBack(await take({ messageId: 's', receiveCount: 9 }, crashed));
    expect(verdict).toMatchObject({ cause: 'halted', attempts: 0 });
    expect(records.stored.get('s')).toMatchObject({ attempts: 0, started: { alone: false } });
  });

  it('lets expired and poisonous messages go', async () => {
    const { take, intake } = consumer({ settings: FIFO });
    expect(moved(await take({ sentAtEpochMs: 0 })).envelope).toMatchObject({ reason: 'EXPIRED' });
    expect(moved(await take({ body: '{' })).target).toBe('quarantine');
    expect(intake.snapshot().state).toBe('closed');
  });

  it('puts the message back, with its budget, when the hold cannot be written', async () => {
    const { take, failures, intake, kinds } = consumer({
      settings: FIFO,
      circuitStore: { read: async () => undefined, apply: () => Promise.reject(new Error('down')) },
    });
    failures.thrown = bug;
    expect(putBack(await take())).toMatchObject({ cause: 'store-unavailable', record: undefined });
    expect(kinds()).toEqual(['store-error']);
    expect(intake.snapshot().state).toBe('closed');
  });

  it('counts nothing', async () => {
    const { take, failures, intake, counts } = consumer({ settings: FIFO });
    failures.thrown = bug;
    for (let at = 0; at < 5; at += 1) {
      expect(putBack(await take()).cause).toBe('halted');
      await intake.set('closed');
    }
    expect((await counts.read(Math.floor(START / 30_000))).finished).toBe(0);
  });
});
