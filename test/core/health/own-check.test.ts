import { expect, it } from 'vitest';
import { ConfigurationError } from '../../../lambdas/core/errors.ts';
import type { OwnCheck } from '../../../lambdas/core/health/own-check.ts';
import { checkOwnChecks } from '../../../lambdas/core/health/parse-settings.ts';
import { healthWorld } from './world.ts';

const look = async (check: OwnCheck) => {
  const world = healthWorld({ checks: { database: check } });
  return { ...world, ...(await world.look('database')) };
};

it('is HEALTHY when it returns nothing', async () => {
  const { found, report } = await look({ check: async () => {} });
  expect(found).toMatchObject({ status: 'HEALTHY', critical: false });
  expect(report.status).toBe('HEALTHY');
});

it('is what it says, with its reason and since when', async () => {
  const status = 'DEGRADED' as const;
  const { found } = await look({ check: () => ({ status, reason: 'the replica lags', sinceEpochMs: 42 }) });
  expect(found).toMatchObject({ status, reason: 'the replica lags', sinceEpochMs: 42 });
});

it.each([
  [
    'rejects',
    async () =>
      Promise.reject(Object.assign(new Error('postgres://user:secret@db'), { code: 'ECONNREFUSED' })),
  ],
  [
    'throws',
    () => {
      throw Object.assign(new Error('postgres://user:secret@db'), { code: 'ECONNREFUSED' });
    },
  ],
] as const)('is UNHEALTHY when it %s, and shows no message of the error', async (_how, check) => {
  const { found, report } = await look({ check, critical: true });
  expect(found).toMatchObject({ status: 'UNHEALTHY', reason: 'the check failed: Error (ECONNREFUSED)' });
  expect(report.up).toBe(false);
  expect(JSON.stringify(report)).not.toContain('secret');
});

it('leaves the whole up where it is not critical', async () => {
  const { report } = await look({ check: () => Promise.reject(new Error('down')) });
  expect(report).toMatchObject({ status: 'DEGRADED', up: true });
});

it('is UNHEALTHY when it takes longer than its time, and its signal aborts', async () => {
  let signal: AbortSignal | undefined;
  const check = (given: AbortSignal) => {
    signal = given;
    return new Promise<undefined>(() => {});
  };
  const world = healthWorld({ checks: { database: { check, timeoutMs: 300 } } });
  const looked = world.look('database');
  await world.clock.pass(299);
  expect(signal?.aborted).toBe(false);
  await world.clock.pass(1);
  const { found } = await looked;
  expect(found).toMatchObject({ status: 'UNHEALTHY', reason: 'the check failed: no answer within 300 ms' });
  expect(signal?.aborted).toBe(true);
});

it('is not aborted once it has answered', async () => {
  const signals: AbortSignal[] = [];
  const world = healthWorld({ checks: { database: { check: async (signal) => void signals.push(signal) } } });
  await world.look('database');
  world.later();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
});

it('is UNHEALTHY when it returns what is no status', async () => {
  const check = Object.assign(() => ({ status: 'FINE' }), {}) as unknown as OwnCheck['check'];
  expect((await look({ check })).found.reason).toBe(
    'the check returned no status of HEALTHY, DEGRADED, UNHEALTHY',
  );
});

it('is asked as often as the state table', async () => {
  let asked = 0;
  const check = async (): Promise<void> => {
    asked += 1;
  };
  const world = healthWorld({ checks: { database: { check } } });
  await world.look('database');
  world.clock.advance(4_999);
  await world.look('database');
  expect(asked).toBe(1);
  world.clock.advance(1);
  await world.look('database');
  expect(asked).toBe(2);
});

it('is refused with what breaks a rule, all of it at once', () => {
  const check = async (): Promise<void> => {};
  const checks = {
    'orders/queue': { check },
    'state-table': { check },
    slow: { check, timeoutMs: 2_001 },
    none: { check: 'ping' as unknown as OwnCheck['check'] },
  };
  const refused = () => checkOwnChecks(checks, { timeoutMs: 2_000 });
  expect(refused).toThrow(ConfigurationError);
  expect(refused).toThrow(
    /checks.orders\/queue must.*checks.state-table must.*checks.slow.timeoutMs must be an integer from 1 to 2000.*checks.none.check must be a function/,
  );
  expect(() =>
    checkOwnChecks({ database: { check, critical: true, timeoutMs: 2_000 } }, { timeoutMs: 2_000 }),
  ).not.toThrow();
});
