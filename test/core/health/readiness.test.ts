import { describe, expect, it } from 'vitest';
import { HALF, healthWorld, MINUTE, watched } from './world.ts';

describe('the whole', () => {
  it('is up and HEALTHY while every component is', async () => {
    const { look, clock } = healthWorld();
    const { report } = await look();
    expect(report).toMatchObject({
      check: 'readiness',
      status: 'HEALTHY',
      up: true,
      checkedAtEpochMs: clock.now(),
    });
    expect(report.components.map(({ name, critical }) => [name, critical])).toEqual([
      ['state-table', true],
      ['circuit/tracker', false],
      ['orders/queue', true],
      ['orders/dead-letter-queue', false],
      ['orders/quarantine', false],
      ['orders/event-source', true],
      ['orders/intake', true],
    ]);
  });

  it('is up and DEGRADED while a component that is not critical is UNHEALTHY', async () => {
    const { look, points, lately } = healthWorld();
    points.set('orders', { deadLetters: lately(0, 500) });
    const { report, found } = await look('orders/dead-letter-queue');
    expect(found.status).toBe('UNHEALTHY');
    expect(report).toMatchObject({ status: 'DEGRADED', up: true });
  });

  it('is not up while a critical component is UNHEALTHY, which then comes first', async () => {
    const { look, disable, points, lately } = healthWorld();
    disable();
    points.set('orders', { deadLetters: lately(0, 20) });
    const { report } = await look();
    expect(report).toMatchObject({ status: 'UNHEALTHY', up: false });
    expect(report.components.slice(0, 3).map(({ name, status }) => [name, status])).toEqual([
      ['orders/event-source', 'UNHEALTHY'],
      ['orders/dead-letter-queue', 'DEGRADED'],
      ['state-table', 'HEALTHY'],
    ]);
  });

  it.each([true, false])('goes by what is said to be critical: %s', async (circuits) => {
    const { look, circuits: items, clock } = healthWorld({ settings: { critical: { circuits } } });
    items.set('circuit#tracker', { version: clock.now() - 6 * MINUTE, state: 'half-open' });
    expect((await look()).report.up).toBe(!circuits);
  });

  it('has a circuit that consumers share once, and their own ones each', async () => {
    const consumers = [
      watched({ consumerId: 'a', circuits: ['tracker', 'mail'] }),
      watched({ consumerId: 'b', circuits: ['mail'] }),
      watched({ consumerId: 'c', circuits: ['default'] }),
      watched({ consumerId: 'd', circuits: ['default'] }),
    ];
    const { look } = healthWorld({ consumers });
    const names = (await look()).report.components.map(({ name }) => name);
    expect(names.filter((name) => name.includes('circuit'))).toEqual([
      'circuit/tracker',
      'circuit/mail',
      'c/circuit',
      'd/circuit',
    ]);
  });

  it('lives, whatever else is', () => {
    const { health, mood, asked } = healthWorld();
    mood.table = 'hangs';
    expect(health.liveness()).toMatchObject({
      check: 'liveness',
      status: 'HEALTHY',
      up: true,
      components: [],
    });
    expect(asked).toEqual({ table: 0, metrics: 0, sources: 0 });
  });
});

describe('a source that does not answer', () => {
  it('makes the state table UNHEALTHY, and what stands in it unchecked', async () => {
    const { look, mood } = healthWorld();
    mood.table = 'fails';
    const { report, found } = await look();
    expect(found).toMatchObject({ status: 'UNHEALTHY', reason: 'it cannot be read: DownError' });
    expect(report.up).toBe(false);
    const circuit = report.components.find(({ name }) => name === 'circuit/tracker');
    expect(circuit).toMatchObject({ status: 'DEGRADED', reason: 'could not be checked: DownError' });
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  it.each([
    ['metrics', 'orders/queue'],
    ['sources', 'orders/event-source'],
  ] as const)('leaves what it would have told unchecked, and the whole up: %s', async (who, component) => {
    const { look, mood } = healthWorld();
    mood[who] = 'fails';
    const { report, found } = await look(component);
    expect(found).toMatchObject({ status: 'DEGRADED', reason: 'could not be checked: DownError' });
    expect(report).toMatchObject({ status: 'DEGRADED', up: true });
  });

  it('is given up when the time is over, so that an answer comes by then', async () => {
    const { health, mood, clock } = healthWorld();
    mood.table = 'hangs';
    mood.metrics = 'hangs';
    mood.sources = 'hangs';
    let answered = false;
    const answer = health.readiness().finally(() => {
      answered = true;
    });
    await clock.pass(1_999);
    expect(answered).toBe(false);
    await clock.pass(1);
    expect(answered).toBe(true);
    const { components } = await answer;
    expect(components.find(({ name }) => name === 'orders/queue')?.reason).toBe(
      'could not be checked: no answer within 2000 ms',
    );
    expect(components[0]).toMatchObject({
      name: 'state-table',
      reason: `it cannot be read: no answer within ${HALF} ms`,
    });
  });
});

describe('answers that are remembered', () => {
  it('serve those who come within their time', async () => {
    const { look, clock, asked } = healthWorld();
    await look();
    clock.advance(4_999);
    await look();
    expect(asked).toEqual({ table: 1, metrics: 1, sources: 1 });
    clock.advance(1);
    await look();
    expect(asked).toEqual({ table: 2, metrics: 1, sources: 1 });
    clock.advance(55_000);
    await look();
    expect(asked).toEqual({ table: 3, metrics: 2, sources: 2 });
  });

  it('tell when they were given', async () => {
    const { look, clock } = healthWorld();
    await look();
    clock.advance(10_000);
    const { found, report } = await look('orders/queue');
    expect(report.checkedAtEpochMs - found.checkedAtEpochMs).toBe(10_000);
    expect((await look()).found.checkedAtEpochMs).toBe(clock.now());
  });

  it('are shared by those who come while they are being asked for', async () => {
    const { health, asked } = healthWorld({ settings: { cacheForMs: 0, apiCacheForMs: 0 } });
    await Promise.all([health.readiness(), health.readiness(), health.readiness()]);
    expect(asked).toEqual({ table: 1, metrics: 1, sources: 1 });
  });

  it('are good for a short time only where they are failures', async () => {
    const { look, clock, asked, mood } = healthWorld();
    mood.metrics = 'fails';
    await look();
    mood.metrics = 'answers';
    clock.advance(5_000);
    expect((await look('orders/queue')).found.status).toBe('HEALTHY');
    expect(asked.metrics).toBe(2);
  });

  it('are good for a short time only while an event source is not enabled', async () => {
    const { look, clock, asked, disable, sources } = healthWorld();
    disable();
    await look();
    sources.set('mapping-of-orders', { state: 'Enabled' });
    clock.advance(5_000);
    expect((await look('orders/event-source')).found.status).toBe('HEALTHY');
    expect(asked.sources).toBe(2);
  });

  it('are asked for again where the event source was paused after the table had been read', async () => {
    const { look, clock, disable, open, asked } = healthWorld({ settings: { apiCacheForMs: 0 } });
    await look();
    clock.advance(1_000);
    open();
    disable({});
    clock.advance(1_000);
    expect((await look('orders/event-source')).found).toMatchObject({
      status: 'DEGRADED',
      reason: 'it is paused: tracker is open',
    });
    expect(asked.table).toBe(2);
  });
});

describe('since when', () => {
  it('is remembered from the first check that found it so', async () => {
    const { look, clock, mood, later } = healthWorld();
    const first = clock.now();
    await look();
    later();
    expect((await look()).found.sinceEpochMs).toBe(first);
    mood.table = 'fails';
    later();
    const began = clock.now();
    await look();
    later();
    expect((await look()).found).toMatchObject({ status: 'UNHEALTHY', sinceEpochMs: began });
  });

  it('is what the source knows, where it does', async () => {
    const { look, open, clock, later } = healthWorld();
    const opened = clock.now();
    open();
    clock.advance(30_000);
    expect((await look('circuit/tracker')).found.sinceEpochMs).toBe(opened);
    // It closed and opened again between two checks.
    later();
    const again = clock.now();
    open();
    clock.advance(5_000);
    expect((await look('circuit/tracker')).found.sinceEpochMs).toBe(again);
  });

  it('goes on over failed probes, which the source knows the last of', async () => {
    const { look, open, clock, later } = healthWorld();
    const opened = clock.now();
    open();
    await look('circuit/tracker');
    later();
    open('circuit#tracker', MINUTE, { reopened: 2 });
    expect((await look('circuit/tracker')).found).toMatchObject({
      reason: 'open, after 2 failed probes: may be probed in 60 s',
      sinceEpochMs: opened,
    });
    expect(clock.now()).toBeGreaterThan(opened);
  });

  it('is never in the future, whatever a clock elsewhere says', async () => {
    const { look, circuits, clock } = healthWorld();
    circuits.set('circuit#tracker', { version: 1, state: 'forced-open', since: clock.now() + 5_000 });
    expect((await look('circuit/tracker')).found.sinceEpochMs).toBe(clock.now());
  });
});
