import type { StoredMessage } from 'spillway/local';
import { FAILURE_ATTRIBUTE } from 'spillway/runtime';
import { expect, it } from 'vitest';
import type { Effect } from './control.ts';
import type { Kind, PlannedMessage } from './plan.ts';
import { beginTrace, type TraceEvent } from './trace.ts';
import { type Evidence, judge } from './verdict.ts';

const planned = (id: string, kind: Kind = 'good', sequence = 0): PlannedMessage => {
  return { id, kind, group: 'g', sequence, copies: 1, faults: [] };
};
const effect = (id: string, at: number, environment = 1): Effect => ({ id, at, environment });

function stored(messageId: string, attributes: StoredMessage['messageAttributes'] = {}): StoredMessage {
  return {
    messageId,
    body: '',
    messageAttributes: attributes,
    state: 'visible',
    receiveCount: 0,
    sentEpochMs: 0,
  };
}

function moved(originalMessageId: string): StoredMessage {
  const envelope = JSON.stringify({ originalMessageId });
  return stored(`moved ${originalMessageId}`, {
    [FAILURE_ATTRIBUTE]: { DataType: 'String', StringValue: envelope },
  });
}

/** Evidence of messages `a`, `b`, ..., each sent once, as `sqs-a`, `sqs-b`, ... */
function evidence(messages: readonly PlannedMessage[], rest: Partial<Evidence> = {}): Evidence {
  const sent = new Map(messages.map(({ id }) => [`sqs-${id}`, id]));
  const none = {
    source: [],
    deadLetters: [],
    quarantined: [],
    effects: [],
    trace: beginTrace(),
    fifo: false,
  };
  return { planned: messages, sent, ...none, ...rest };
}

function traced(...events: readonly Omit<TraceEvent, 'at'>[]) {
  const trace = beginTrace();
  for (const event of events) trace.add(event);
  return trace;
}

const promises = (given: Evidence): string[] => judge(given).violations.map(({ promise }) => promise);

it('finds nothing to blame where all ended as it should', () => {
  const messages = [planned('a'), planned('b', 'refused'), planned('c', 'poison')];
  const given = evidence(messages, {
    effects: [effect('a', 1)],
    deadLetters: [moved('sqs-b')],
    quarantined: [moved('sqs-c')],
  });
  expect(judge(given).violations).toEqual([]);
  expect(judge(given).tally).toMatchObject({ sent: 3, handled: 1, deadLettered: 1, quarantined: 1, lost: 0 });
});

it('blames the loss of a message without effect, in no queue or left in the source', () => {
  expect(promises(evidence([planned('a')]))).toEqual(['nothing is lost']);
  expect(promises(evidence([planned('a', 'refused')]))).toEqual(['nothing is lost']);
  expect(promises(evidence([planned('a')], { source: [stored('sqs-a')] }))).toEqual(['nothing is lost']);
});

it('blames a good message in the dead-letter queue, and one that is in two places', () => {
  expect(promises(evidence([planned('a')], { deadLetters: [moved('sqs-a')] }))).toEqual([
    'no innocent is set aside',
  ]);
  const twice = { deadLetters: [moved('sqs-a')], quarantined: [moved('sqs-a')] };
  expect(promises(evidence([planned('a', 'refused')], twice))).toEqual(['one place each']);
});

it('allows a second copy in the dead-letter queue only after an interruption', () => {
  const deadLetters = [moved('sqs-a'), moved('sqs-a')];
  const messages = [planned('a', 'refused')];
  expect(promises(evidence(messages, { deadLetters }))).toEqual(['one place each']);
  const trace = traced({ what: 'killed', subjects: ['a'] });
  expect(judge(evidence(messages, { deadLetters, trace }))).toMatchObject({
    violations: [],
    tally: { duplicateMoves: 1 },
  });
});

it('allows a second effect only after an interruption, of whoever brought about the first', () => {
  const messages = [planned('a')];
  const effects = [effect('a', 0), effect('a', 5_000)];
  expect(promises(evidence(messages, { effects }))).toEqual(['effects repeat only after an interruption']);
  for (const fault of ['lost-reply', 'hung-up', 'timed-out', 'died', 'slow'] as const) {
    const trace = traced({ what: 'fault', fault, subjects: ['a'] });
    expect(promises(evidence(messages, { effects, trace }))).toEqual([]);
  }
  const unreachable = { what: 'fault', fault: 'unreachable', subjects: ['a'] } as const;
  const notCompleted = traced({ ...unreachable, step: 'complete' });
  expect(promises(evidence(messages, { effects, trace: notCompleted }))).toEqual([]);
  const notCharged = traced({ ...unreachable, step: 'charge' });
  expect(promises(evidence(messages, { effects, trace: notCharged }))).toHaveLength(1);
  const elsewhere = traced({ what: 'killed', subjects: ['b'], environment: 2 });
  expect(promises(evidence(messages, { effects, trace: elsewhere }))).toHaveLength(1);
});

it('blames two completed executions for one key', () => {
  const trace = traced(
    { what: 'completed', subjects: ['a'], detail: 'lock 1' },
    { what: 'completed', subjects: ['a'], detail: 'lock 1' },
  );
  const given = evidence([planned('a')], { effects: [effect('a', 0)], trace });
  expect(promises(given)).toEqual([]);
  trace.add({ what: 'completed', subjects: ['a'], detail: 'lock 2' });
  expect(promises(given)).toEqual(['one completed effect for each key']);
});

it('blames an effect that comes after that of a message behind it in its group', () => {
  const messages = [planned('a', 'good', 1), planned('b', 'good', 2)];
  const inOrder = [effect('a', 1), effect('b', 2)];
  expect(promises(evidence(messages, { effects: inOrder, fifo: true }))).toEqual([]);
  const reversed = [effect('b', 1), effect('a', 2)];
  expect(promises(evidence(messages, { effects: reversed, fifo: true }))).toEqual([
    'groups keep their order',
  ]);
  expect(promises(evidence(messages, { effects: reversed }))).toEqual([]);
});
