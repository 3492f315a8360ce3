import { describe, expect, it } from 'vitest';
import { BACKSTOP_EXPRESSION } from '../../lib/monitoring/set-aside-watches.ts';
import { evaluated, type Series } from './metric-math.ts';

/** Minutes of a dead-letter queue in which the alarm has a reason to go off. */
function rings(visible: Series, sent: Series, hidden: Series = visible.map(() => 0)): number[] {
  return evaluated(BACKSTOP_EXPRESSION, { visible, hidden, sent }).flatMap((value, minute) =>
    value !== undefined && value > 0 ? [minute] : [],
  );
}

describe('what SQS itself moved to a dead-letter queue', () => {
  it('rings in the minute in which it shows', () => {
    expect(rings([0, 0, 3, 3], [0, 0, 0, 0])).toEqual([2]);
    expect(rings([90, 90, 91, 91], [0, 0, 0, 0])).toEqual([2]);
  });

  it('is told apart from messages that the runtime sent in the same minute, or in the one before', () => {
    expect(rings([0, 5, 5, 5], [0, 5, 0, 0])).toEqual([]);
    expect(rings([0, 0, 5, 5], [0, 5, 0, 0])).toEqual([]);
    expect(rings([0, 2, 5, 5], [0, 5, 0, 0])).toEqual([]);
  });

  it('is told apart from a steady stream that the runtime sends, each message a minute late', () => {
    expect(rings([0, 0, 7, 14, 21, 21], [0, 7, 7, 7, 0, 0])).toEqual([]);
    expect(rings([0, 3, 9, 20, 21, 21], [0, 7, 7, 7, 0, 0])).toEqual([]);
  });

  it('shows beside what the runtime sends, where it is more', () => {
    // minute 2: 9 more, of which 2 were sent now and 2 before
    expect(rings([0, 2, 11, 11], [0, 2, 2, 0])).toEqual([2]);
  });

  it('is not seen where the runtime sent as much a minute before', () => {
    expect(rings([0, 5, 10, 10], [0, 5, 0, 0])).toEqual([]);
  });

  it('is told apart from messages that somebody looked at and let go again', () => {
    expect(rings([10, 0, 0, 10], [0, 0, 0, 0], [0, 10, 10, 0])).toEqual([]);
  });

  it('does not ring for a replay, nor for what is deleted', () => {
    expect(rings([40, 30, 10, 0, 0], [0, 0, 0, 0, 0])).toEqual([]);
  });

  it('is not seen where as many are deleted in the same minute', () => {
    expect(rings([40, 40, 40], [0, 0, 0])).toEqual([]);
  });

  it('is not seen in the first minute after a silence, and is from the second on', () => {
    const silent = undefined;
    expect(rings([silent, silent, 4, 4], [silent, silent, 0, 0])).toEqual([]);
    expect(rings([silent, silent, 4, 6], [silent, silent, 0, 0])).toEqual([3]);
  });
});
