import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deadlineQueue, type Expiring } from '../../../lambdas/core/policies/deadline-queue.ts';
import { fakeClock, START } from '../fixtures.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 2_000 }) }) },
  { weight: 2, arbitrary: fc.record({ remove: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 700 }) }) },
);

it('expires each entry exactly at its deadline and in order, unless it was removed before, with one timer at most', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = fakeClock();
      const queue = deadlineQueue(clock);
      const entries: Expiring[] = [];
      const expired: { readonly at: number; readonly entry: Expiring }[] = [];
      const removed = new Set<Expiring>();
      for (const each of steps) {
        if ('add' in each) {
          const entry: Expiring = {
            deadline: clock.now() + each.add,
            before: undefined,
            after: undefined,
            expire: () => void expired.push({ at: clock.now(), entry }),
          };
          entries.push(entry);
          queue.add(entry);
        } else if ('remove' in each) {
          const entry = entries[each.remove];
          if (entry !== undefined && entry.deadline > clock.now()) removed.add(entry);
          if (entry !== undefined) queue.remove(entry);
        } else {
          clock.advance(each.pass);
        }
        expect(clock.pending).toBeLessThanOrEqual(1);
      }
      clock.advance(3_000);
      expect(clock.pending).toBe(0);
      const due = entries.filter((entry) => !removed.has(entry));
      due.sort((a, b) => a.deadline - b.deadline);
      expect(expired.map(({ entry }) => entry)).toEqual(due);
      for (const { at, entry } of expired) expect(at - START).toBe(entry.deadline - START);
    }),
    { numRuns: 500 },
  );
});
