import { describe, expect, it } from 'vitest';
import type { CircuitItem } from '../../../lambdas/core/circuit/shared-item.ts';
import { HOUR, healthWorld, INTAKE, MINUTE, TRACKER, watched } from './world.ts';

describe('a circuit', () => {
  const judged = async (make: (now: number) => Partial<CircuitItem>, afterMs = 0) => {
    const { look, circuits, clock } = healthWorld();
    circuits.set(TRACKER, { version: clock.now(), state: 'closed', ...make(clock.now()) });
    clock.advance(afterMs);
    return { ...(await look('circuit/tracker')).found, start: clock.now() - afterMs };
  };

  it('that is closed is HEALTHY, failures on record or not', async () => {
    expect(await judged(() => ({ failures: 4, lastError: 'secret' }))).toMatchObject({
      status: 'HEALTHY',
      reason: 'closed',
    });
  });

  it('that is open is DEGRADED: it is being handled', async () => {
    const open = (now: number) => ({ state: 'open', openUntil: now + MINUTE, openForMs: MINUTE }) as const;
    const found = await judged((now) => ({ ...open(now), lastError: 'secret' }), 20_000);
    expect(found).toMatchObject({ status: 'DEGRADED', reason: 'open: may be probed in 40 s' });
    expect(found.sinceEpochMs).toBe(found.start);
    expect(await judged(open, 2 * MINUTE)).toMatchObject({
      status: 'DEGRADED',
      reason: 'open: waits for a probe',
    });
  });

  it('that an operator holds open is DEGRADED, with the reason that was given', async () => {
    const found = await judged(
      (now) => ({ state: 'forced-open', since: now, lastError: 'stocktaking' }),
      MINUTE,
    );
    expect(found).toMatchObject({ status: 'DEGRADED', reason: 'held open by an operator: stocktaking' });
    expect(found.sinceEpochMs).toBe(found.start);
  });

  it('that an operator holds closed is DEGRADED: it protects nobody', async () => {
    expect(await judged(() => ({ state: 'forced-closed' }))).toMatchObject({ status: 'DEGRADED' });
  });

  it('is UNHEALTHY once it has been half-open for longer than it may', async () => {
    const halfOpen = () => ({ state: 'half-open' }) as const;
    expect(await judged(halfOpen, 5 * MINUTE)).toMatchObject({ status: 'DEGRADED' });
    const found = await judged(halfOpen, 5 * MINUTE + 1);
    expect(found).toMatchObject({ status: 'UNHEALTHY', sinceEpochMs: found.start + 5 * MINUTE });
    expect(found.reason).toMatch(/^half-open for 5 min/);
  });

  it('whose item has expired is closed, though DynamoDB has not deleted it', async () => {
    const expired = (now: number) => ({ state: 'half-open', expiresAt: now + HOUR }) as const;
    expect(await judged(expired, HOUR - 1)).toMatchObject({ status: 'UNHEALTHY' });
    expect(await judged(expired, HOUR)).toMatchObject({ status: 'HEALTHY' });
  });
});

describe('the intake', () => {
  const judged = async (item: Partial<CircuitItem>) => {
    const { look, circuits, clock } = healthWorld();
    circuits.set(INTAKE, { version: 1, state: 'closed', since: clock.now(), ...item });
    clock.advance(MINUTE);
    const { found, report } = await look('orders/intake');
    return { ...found, up: report.up, start: clock.now() - MINUTE };
  };

  it('that an operator holds is DEGRADED, with the reason that was given', async () => {
    const found = await judged({ state: 'forced-open', lastError: 'stocktaking until noon' });
    expect(found).toMatchObject({
      status: 'DEGRADED',
      reason: 'held by an operator: stocktaking until noon',
      up: true,
    });
    expect(found.sinceEpochMs).toBe(found.start);
  });

  it('of a halted queue is UNHEALTHY: somebody has to mend something', async () => {
    const lastError = 'halted at message m-1 (order-1): TypeError';
    expect(await judged({ state: 'forced-open', lastError })).toMatchObject({
      status: 'UNHEALTHY',
      reason: 'the queue halted at message m-1 (order-1): TypeError',
      up: false,
    });
  });

  it.each(['open', 'half-open'] as const)('that the kill switch holds is UNHEALTHY: %s', async (state) => {
    const found = await judged({ state, fingerprint: 'abc123abc123', lastError: 'secret' });
    expect(found).toMatchObject({ status: 'UNHEALTHY', up: false });
    expect(found.reason).toBe(
      'held by the kill switch: too many messages failed for good by fault abc123abc123',
    );
    expect(found.sinceEpochMs).toBe(found.start);
  });
});

describe('the age of a queue', () => {
  const judged = async (
    ages: readonly number[],
    change: (world: ReturnType<typeof healthWorld>) => void = () => {},
  ) => {
    const world = healthWorld();
    world.points.set('orders', { age: world.lately(...ages) });
    change(world);
    const { found } = await world.look('orders/queue');
    return { ...found, newest: world.lately(0)[0]?.atEpochMs ?? 0 };
  };

  it.each([
    [[], 'HEALTHY', 'SQS reports no age: the queue has been idle'],
    [[300], 'HEALTHY', 'the oldest message is 5 min old'],
    [[301], 'DEGRADED', 'the oldest message is 5 min old, more than 5 min'],
    [[3_600], 'DEGRADED', 'the oldest message is 60 min old, more than 5 min'],
    [[3_601], 'UNHEALTHY', 'the oldest message is 60 min old, more than 60 min'],
    [[9_000, 20], 'HEALTHY', 'the oldest message is 20 s old'],
  ] as const)('%j is %s', async (ages, status, reason) => {
    expect(await judged(ages)).toMatchObject({ status, reason });
  });

  it('is known since the oldest message crossed the limit', async () => {
    const { sinceEpochMs, newest } = await judged([10, 320, 380]);
    expect(sinceEpochMs).toBe(newest - MINUTE - 20_000);
  });

  it.each([
    ['an open circuit', 'circuit tracker is open', (world) => world.open(TRACKER, HOUR)],
    [
      'an operator’s hold',
      'its intake is held',
      ({ circuits }) => circuits.set(INTAKE, { version: 1, state: 'forced-open', since: 1 }),
    ],
  ] as readonly [string, string, (world: ReturnType<typeof healthWorld>) => void][])(
    'is excused by %s until messages come near to their expiry',
    async (_name, excuse, change) => {
      expect(await judged([7_200], change)).toMatchObject({
        status: 'DEGRADED',
        reason: `the oldest message is 2 h old, more than 5 min (${excuse})`,
      });
      expect((await judged([69_120], change)).status).toBe('DEGRADED');
      expect(await judged([69_121], change)).toMatchObject({
        status: 'UNHEALTHY',
        reason: 'the oldest message is 19 h old, and messages expire after 24 h',
      });
    },
  );

  it.each([
    [TRACKER, 'circuit tracker closed 15 min ago'],
    [INTAKE, 'its intake was opened 15 min ago'],
  ])(
    'is excused for a quarter of an hour after the pause, while the backlog is worked off: %s',
    async (key, why) => {
      const closed = (agoMs: number) => (world: ReturnType<typeof healthWorld>) =>
        world.circuits.set(key, { version: world.clock.now() - agoMs, state: 'closed' });
      expect(await judged([7_200], closed(15 * MINUTE))).toMatchObject({
        status: 'DEGRADED',
        reason: `the oldest message is 2 h old, more than 5 min (${why})`,
      });
      expect((await judged([7_200], closed(15 * MINUTE + 1))).status).toBe('UNHEALTHY');
      expect((await judged([69_121], closed(0))).status).toBe('UNHEALTHY');
    },
  );

  it('is not excused by a circuit that has closed while the kill switch is on', async () => {
    const found = await judged([7_200], ({ circuits, clock, open }) => {
      circuits.set(TRACKER, { version: clock.now(), state: 'closed' });
      open(INTAKE, HOUR);
    });
    expect(found.status).toBe('UNHEALTHY');
  });

  it.each([
    ['a kill switch', ({ open }) => open(INTAKE, HOUR)],
    [
      'a halted queue',
      ({ circuits }) =>
        circuits.set(INTAKE, { version: 1, state: 'forced-open', lastError: 'halted at message m' }),
    ],
    [
      'a circuit that has been half-open for too long',
      ({ circuits, clock }) =>
        circuits.set(TRACKER, { version: clock.now() - 5 * MINUTE - 1, state: 'half-open' }),
    ],
    [
      'a circuit that is held closed',
      ({ circuits }) => circuits.set(TRACKER, { version: 1, state: 'forced-closed' }),
    ],
  ] as readonly [string, (world: ReturnType<typeof healthWorld>) => void][])(
    'is not excused by what is not being handled: %s',
    async (_name, change) => {
      expect((await judged([7_200], change)).status).toBe('UNHEALTHY');
    },
  );
});

describe('the growth of a dead-letter queue', () => {
  const judged = async (...counts: readonly number[]) => {
    const { look, points, lately } = healthWorld();
    points.set('orders', { deadLetters: lately(...counts) });
    return (await look('orders/dead-letter-queue')).found;
  };

  it.each([
    [[], 'HEALTHY'],
    [[1_000, 1_000, 1_000], 'HEALTHY'],
    [[0, 10], 'HEALTHY'],
    [[0, 11], 'DEGRADED'],
    [[0, 100], 'DEGRADED'],
    [[0, 101], 'UNHEALTHY'],
    // The minute that is under way, five before it, and no more.
    [[0, 50, 50, 50, 50, 50, 50], 'DEGRADED'],
    [[0, 50, 50, 50, 50, 50, 50, 50], 'HEALTHY'],
    // Who redrives takes nothing back.
    [[0, 50, 50, 0, 0], 'DEGRADED'],
  ] as const)('from minute to minute %j is %s', async (counts, status) => {
    expect((await judged(...counts)).status).toBe(status);
  });

  it('tells how many it holds, and when it began', async () => {
    const found = await judged(3, 3, 40, 80);
    expect(found.reason).toBe('it holds 80 messages, and grew by 40 messages within a minute (more than 10)');
    expect(found.sinceEpochMs).toBeLessThan(found.checkedAtEpochMs - MINUTE + 1);
  });

  it('makes no jump of a gap in the metric', async () => {
    const { look, points, lately, clock } = healthWorld();
    const [now] = lately(40);
    const before = { atEpochMs: clock.now() - 10 * MINUTE, value: 0 };
    points.set('orders', { deadLetters: now === undefined ? [] : [before, now] });
    expect((await look('orders/dead-letter-queue')).found.status).toBe('HEALTHY');
  });

  it('goes for the quarantine as well', async () => {
    const { look, points, lately } = healthWorld();
    points.set('orders', { quarantined: lately(0, 30) });
    expect((await look('orders/quarantine')).found.status).toBe('DEGRADED');
    expect((await look('orders/dead-letter-queue')).found.status).toBe('HEALTHY');
  });
});

describe('an event source', () => {
  it.each([
    ['Enabled', 'HEALTHY'],
    ['Updating', 'HEALTHY'],
    ['Creating', 'DEGRADED'],
    ['Enabling', 'DEGRADED'],
    ['Deleting', 'UNHEALTHY'],
    ['Disabling', 'UNHEALTHY'],
    ['Disabled', 'UNHEALTHY'],
  ] as const)('that is %s without a marker is %s', async (state, status) => {
    const { look, sources } = healthWorld();
    sources.set('mapping-of-orders', { state });
    expect((await look('orders/event-source')).found.status).toBe(status);
  });

  it('that is not there is UNHEALTHY', async () => {
    const { look, sources } = healthWorld();
    sources.set('mapping-of-orders', undefined);
    expect((await look('orders/event-source')).found).toMatchObject({
      status: 'UNHEALTHY',
      reason: 'there is no event source mapping mapping-of-orders',
    });
  });

  it('that somebody disabled is UNHEALTHY since Lambda was told', async () => {
    const { look, disable, clock } = healthWorld();
    const at = clock.now();
    disable();
    clock.advance(HOUR);
    expect((await look('orders/event-source')).found).toMatchObject({
      status: 'UNHEALTHY',
      reason: 'it is disabled, and the intake controller did not do it',
      sinceEpochMs: at,
    });
  });

  it('that is paused for an open circuit is DEGRADED since the pause began', async () => {
    const { look, disable, open, clock } = healthWorld();
    const at = clock.now();
    open(TRACKER, 10 * MINUTE);
    disable({ pausedAt: at });
    clock.advance(MINUTE);
    expect((await look('orders/event-source')).found).toMatchObject({
      status: 'DEGRADED',
      reason: 'it is paused: tracker is open',
      sinceEpochMs: at,
    });
  });

  it('that stays paused when its cause is over is UNHEALTHY: nobody opens it', async () => {
    const { look, disable, open, circuits, clock } = healthWorld();
    open(TRACKER, HOUR);
    disable({});
    clock.advance(10 * MINUTE);
    circuits.set(TRACKER, { version: clock.now(), state: 'closed' });
    clock.advance(5 * MINUTE);
    expect((await look('orders/event-source')).found).toMatchObject({
      status: 'DEGRADED',
      reason: 'it is paused, and about to be opened',
    });
    clock.advance(6_000);
    const { found } = await look('orders/event-source');
    expect(found.status).toBe('UNHEALTHY');
    expect(found.reason).toMatch(/^it is paused, though nothing asks for it for 5 min/);
  });

  it('that is about to be opened for what expires is DEGRADED', async () => {
    const { look, disable, open, clock } = healthWorld();
    open(TRACKER, 2 * HOUR);
    disable({});
    clock.advance(30 * MINUTE + 1_000);
    expect((await look('orders/event-source')).found).toMatchObject({
      status: 'DEGRADED',
      reason: 'it is paused, and about to be opened for what expires',
    });
  });

  it('with the marker of a mapping that was replaced was disabled by somebody else', async () => {
    const { look, disable, open } = healthWorld();
    open();
    disable({ mappingId: 'mapping-before' });
    expect((await look('orders/event-source')).found.status).toBe('UNHEALTHY');
  });

  it('that is disabled while its marker says that it was opened is believed for two minutes', async () => {
    const { look, disable, clock } = healthWorld();
    disable({ phase: 'settling' });
    clock.advance(119_999);
    expect((await look('orders/event-source')).found.status).toBe('DEGRADED');
    clock.advance(6_000);
    expect((await look('orders/event-source')).found.status).toBe('UNHEALTHY');
  });

  it.each([
    ['paused', 'DEGRADED'],
    ['gentle', 'DEGRADED'],
    ['ramping', 'DEGRADED'],
    ['settling', 'HEALTHY'],
  ] as const)('that is enabled in the phase %s is %s', async (phase, status) => {
    const { look, disable, sources } = healthWorld();
    disable({ phase });
    sources.set('mapping-of-orders', { state: 'Enabled' });
    expect((await look('orders/event-source')).found.status).toBe(status);
  });

  it('that is disabled is DEGRADED while the table cannot tell why', async () => {
    const { look, disable, mood } = healthWorld();
    disable();
    mood.table = 'fails';
    expect((await look('orders/event-source')).found.status).toBe('DEGRADED');
  });

  it('is each consumer’s own', async () => {
    const consumers = [watched(), watched({ consumerId: 'mail' })];
    const { look, disable } = healthWorld({ consumers });
    disable();
    expect((await look('orders/event-source')).found.status).toBe('UNHEALTHY');
    expect((await look('mail/event-source')).found.status).toBe('HEALTHY');
  });
});
