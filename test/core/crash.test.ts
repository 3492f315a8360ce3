import { describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS, pastOf } from '../../lambdas/core/crash.ts';
import type { MessageRecord } from '../../lambdas/core/records.ts';
import { fakeRecords, START } from './fixtures.ts';
import { moved, pipelineHarness, putBack, recordOf } from './pipeline-harness.ts';

const started = (alone: boolean, endsBy = START - CLOCK_SKEW_MS): MessageRecord => ({
  ...recordOf(1),
  started: { endsBy, alone },
});

describe('the past of a message', () => {
  it('is clear without a start that has no end', () => {
    expect(pastOf(recordOf(2), START)).toEqual({ kind: 'clear', record: recordOf(2) });
  });

  it('is under way until the deadline of the start has passed for every clock', () => {
    const record = started(true, START);
    expect(pastOf(record, START + CLOCK_SKEW_MS - 1)).toEqual({
      kind: 'under-way',
      untilEpochMs: START + CLOCK_SKEW_MS,
    });
    expect(pastOf(record, START + CLOCK_SKEW_MS).kind).toBe('suspect');
  });

  it('makes a suspect of a message that crashed among others, and charges nothing', () => {
    expect(pastOf(started(false), START)).toEqual({ kind: 'suspect', record: recordOf(1) });
  });

  it('charges a crash of a message that was handled alone', () => {
    const past = pastOf(started(true), START);
    expect(past).toMatchObject({
      kind: 'suspect',
      record: { attempts: 2, lastError: { name: 'CrashError' } },
    });
  });
});

describe('an attempt', () => {
  it('leaves no note on the first receive', async () => {
    const records = fakeRecords();
    await pipelineHarness({ records }).take();
    expect(records.journal).toEqual([]);
  });

  it('is noted from the second receive on: its start with its deadline, and its end', async () => {
    const records = fakeRecords();
    let during: MessageRecord | undefined;
    const { take } = pipelineHarness({ records, handle: () => (during = records.stored.get('message-1')) });
    await take({ receiveCount: 2 }, recordOf(1));
    expect(during).toEqual({ ...recordOf(1), started: { endsBy: START + 30_000, alone: false } });
    expect(records.journal).toEqual(['start message-1', 'end message-1']);
    expect(records.stored.get('message-1')).toEqual(recordOf(1));
  });

  it('is not made while an earlier one may be under way', async () => {
    const { take, handled } = pipelineHarness();
    const verdict = await take({ receiveCount: 3 }, started(false, START + 20_000));
    expect(putBack(verdict)).toMatchObject({ cause: 'in-progress', delayMs: 20_000 + CLOCK_SKEW_MS });
    expect(handled).toEqual([]);
  });

  it('keeps the crashes that were charged', async () => {
    const records = fakeRecords();
    let during: MessageRecord | undefined;
    const { take } = pipelineHarness({ records, handle: () => (during = records.stored.get('message-1')) });
    await take({ receiveCount: 3 }, started(true), undefined, true);
    expect(during).toMatchObject({ attempts: 2, started: { alone: true } });
  });

  it('is not made any more once crashes have used up the budget: dead-lettered with its history', async () => {
    const { take, handled } = pipelineHarness();
    const { envelope } = moved(
      await take({ receiveCount: 7 }, { ...recordOf(4), started: { endsBy: 0, alone: true } }),
    );
    expect(envelope).toMatchObject({
      reason: 'PROCESSING_ERROR',
      attempts: 5,
      error: { name: 'CrashError' },
    });
    expect(envelope.history.at(-1)).toMatchObject({ error: 'CrashError' });
    expect(handled).toEqual([]);
  });
});
