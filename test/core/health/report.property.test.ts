import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type CheckedComponent,
  HEALTH_STATUSES,
  reportOf,
  sinceMemory,
} from '../../../lambdas/core/health/health.ts';
import { duration } from '../../../lambdas/core/health/judge-queues.ts';

const status = fc.constantFrom(...HEALTH_STATUSES);
const component = fc.record({
  name: fc.string(),
  status,
  critical: fc.boolean(),
  reason: fc.string(),
  checkedAtEpochMs: fc.nat(),
  sinceEpochMs: fc.nat(),
});

it('is up exactly while no critical component is UNHEALTHY, and HEALTHY exactly while all are', () => {
  fc.assert(
    fc.property(fc.array(component), (components) => {
      const report = reportOf(components, 1);
      const down = components.filter((each) => each.critical && each.status === 'UNHEALTHY');
      expect(report.up).toBe(down.length === 0);
      expect(report.status === 'UNHEALTHY').toBe(!report.up);
      expect(report.status === 'HEALTHY').toBe(components.every((each) => each.status === 'HEALTHY'));
      expect(report.components).toHaveLength(components.length);
      const ranks = report.components.map((each) => HEALTH_STATUSES.indexOf(each.status));
      expect(ranks).toEqual([...ranks].sort((one, other) => other - one));
    }),
  );
});

it('remembers the beginning of each run of one status, and takes the word of who knows', () => {
  const look = fc.record({
    status,
    after: fc.integer({ min: 1, max: 1_000 }),
    ago: fc.option(fc.integer({ min: -500, max: 5_000 }), { nil: undefined }),
    atLatest: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 30 }), (looks) => {
      const memory = sinceMemory();
      let now = 1_000_000;
      let run: { status: string; since: number } | undefined;
      for (const { status: found, after, ago, atLatest } of looks) {
        now += after;
        const told = ago === undefined ? {} : { sinceEpochMs: now - ago, atLatest };
        const given: CheckedComponent = {
          name: 'a',
          status: found,
          critical: true,
          reason: '',
          checkedAtEpochMs: now,
          ...told,
        };
        const { sinceEpochMs } = memory.settle(given, now);
        expect(sinceEpochMs).toBeLessThanOrEqual(now);
        const begun = run?.status === found ? run.since : undefined;
        if (ago === undefined) expect(sinceEpochMs).toBe(begun ?? now);
        else if (atLatest) expect(sinceEpochMs).toBe(Math.min(now, now - ago, begun ?? now));
        else expect(sinceEpochMs).toBe(Math.min(now, now - ago));
        run = { status: found, since: sinceEpochMs };
      }
    }),
  );
});

it('tells times in words that never say more than has passed', () => {
  const unit = new Map([
    ['s', 1],
    ['min', 60],
    ['h', 3_600],
    ['days', 86_400],
  ]);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (seconds) => {
      const [count = '', name = ''] = duration(seconds).split(' ');
      const told = Number(count) * (unit.get(name) ?? Number.NaN);
      expect(told).toBeLessThanOrEqual(seconds);
      expect(seconds - told).toBeLessThan(unit.get(name) ?? 0);
    }),
  );
});
