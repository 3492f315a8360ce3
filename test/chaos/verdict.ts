import type { StoredMessage } from 'spillway/local';
import { FAILURE_ATTRIBUTE, type FailureEnvelope } from 'spillway/runtime';
import type { Effect } from './control.ts';
import { DESTINATIONS, type PlannedMessage } from './plan.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** Where everything ended. */
export interface Evidence {
  readonly planned: readonly PlannedMessage[];
  /** Ids of the messages by the ids that SQS gave their copies. */
  readonly sent: ReadonlyMap<string, string>;
  readonly source: readonly StoredMessage[];
  readonly deadLetters: readonly StoredMessage[];
  readonly quarantined: readonly StoredMessage[];
  readonly effects: readonly Effect[];
  readonly trace: Trace;
  readonly fifo: boolean;
}

/** A promise that did not hold. */
export interface Violation {
  readonly promise:
    | 'nothing is lost'
    | 'one place each'
    | 'one completed effect for each key'
    | 'effects repeat only after an interruption'
    | 'no innocent is set aside'
    | 'groups keep their order'
    | 'the rate is soon back after an outage';
  readonly subject: string;
  readonly detail: string;
}

/** What a run came to. */
export interface Tally {
  readonly sent: number;
  readonly handled: number;
  readonly deadLettered: number;
  readonly quarantined: number;
  readonly lost: number;
  readonly innocentsSetAside: number;
  /** Copies in the dead-letter and quarantine queues beyond the first, each after an interruption or a double delivery. */
  readonly duplicateMoves: number;
  /** Effects beyond the first of their key. */
  readonly repeatedEffects: number;
  /** Of those, the ones that no interruption explains. */
  readonly unexplainedEffects: number;
}

/** Hold what happened against what is promised. It rests on the queues and the dependency's ledger alone. */
export function judge(evidence: Evidence): {
  readonly tally: Tally;
  readonly violations: readonly Violation[];
} {
  const { planned, sent, trace, effects } = evidence;
  const violations: Violation[] = [];
  const blame = (promise: Violation['promise'], subject: string, detail: string): void => {
    violations.push({ promise, subject, detail });
  };
  const byId = new Map(planned.map((message) => [message.id, message]));
  const places = {
    'dead-letter': originals(evidence.deadLetters),
    quarantine: originals(evidence.quarantined),
    source: new Map(evidence.source.map(({ messageId }) => [messageId, 1])),
  };
  const effectsOf = Map.groupBy(effects, ({ id }) => id);
  let duplicateMoves = 0;
  let handled = 0;
  for (const [messageId, id] of sent) {
    const message = byId.get(id);
    if (message === undefined) throw new Error(`${id} was not planned`);
    const expected = DESTINATIONS[message.kind];
    const found = (['source', 'dead-letter', 'quarantine'] as const).filter((place) =>
      places[place].has(messageId),
    );
    if (found.includes('source')) blame('nothing is lost', id, 'it still waits in the source queue');
    if (found.length > 1) blame('one place each', id, `it is in ${found.join(' and ')}`);
    const [place] = found;
    if (expected === 'handled') {
      if (place !== undefined && place !== 'source')
        blame('no innocent is set aside', id, `it is in ${place}`);
      else if (place === undefined && !effectsOf.has(id))
        blame('nothing is lost', id, 'no queue has it, and no effect');
      else if (place === undefined) handled += 1;
    } else if (place === undefined) {
      blame('nothing is lost', id, `it is not in ${expected}`);
    } else if (place !== expected && place !== 'source') {
      blame('one place each', id, `it is in ${place} rather than ${expected}`);
    }
    const copies = place === undefined ? 0 : (places[place].get(messageId) ?? 0);
    if (copies > 1 && trace.of(id).some(explainsCopies)) duplicateMoves += copies - 1;
    else if (copies > 1)
      blame('one place each', id, `it is ${copies} times in ${place}, without an interruption`);
  }
  const { repeated, unexplained } = repeatedEffects(effectsOf, trace, blame);
  for (const { id } of planned) {
    const locks = new Set(completions(trace.of(id)).map(({ detail }) => detail));
    if (locks.size > 1)
      blame('one completed effect for each key', id, `${locks.size} executions were completed`);
  }
  if (evidence.fifo) checkOrder(effects, byId, blame);
  const count = (promise: Violation['promise']): number =>
    violations.filter((violation) => violation.promise === promise).length;
  return {
    violations,
    tally: {
      sent: sent.size,
      handled,
      deadLettered: evidence.deadLetters.length,
      quarantined: evidence.quarantined.length,
      lost: count('nothing is lost'),
      innocentsSetAside: count('no innocent is set aside'),
      duplicateMoves,
      repeatedEffects: repeated,
      unexplainedEffects: unexplained,
    },
  };
}

type Blame = (promise: Violation['promise'], subject: string, detail: string) => void;

function repeatedEffects(effectsOf: ReadonlyMap<string, readonly Effect[]>, trace: Trace, blame: Blame) {
  let repeated = 0;
  let unexplained = 0;
  for (const [id, effects] of effectsOf) {
    for (const [at, effect] of effects.entries()) {
      const before = effects[at - 1];
      if (before === undefined) continue;
      repeated += 1;
      const until = trace.of(id).filter((event) => event.at <= effect.at);
      const between = until.filter((event) => event.at >= before.at || endedTheCaller(event, before));
      if (
        between.some(
          (event) => isInterruption(event) || (event.what === 'fault' && event.step === 'complete'),
        )
      )
        continue;
      unexplained += 1;
      blame(
        'effects repeat only after an interruption',
        id,
        `at ${before.at} ms and again at ${effect.at} ms`,
      );
    }
  }
  return { repeated, unexplained };
}

/** A message that SQS delivers twice at a time is moved twice: moves are not locked. */
function explainsCopies(event: TraceEvent): boolean {
  return isInterruption(event) || event.fault === 'redeliver';
}

/** What a killed environment has asked for may arrive after its death. */
function endedTheCaller({ what, fault, environment }: TraceEvent, effect: Effect): boolean {
  return (what === 'killed' || fault === 'died') && environment === effect.environment;
}

/** A kill, a time-out, or an answer that did not arrive. */
function isInterruption({ what, fault }: TraceEvent): boolean {
  if (what === 'killed') return true;
  return (
    what === 'fault' &&
    (fault === 'died' ||
      fault === 'hung-up' ||
      fault === 'timed-out' ||
      fault === 'lost-reply' ||
      fault === 'slow')
  );
}

function completions(events: readonly TraceEvent[]): readonly TraceEvent[] {
  return events.filter(({ what }) => what === 'completed');
}

/** Effects of a group come in its order; one that repeats comes before those behind it. */
function checkOrder(
  effects: readonly Effect[],
  byId: ReadonlyMap<string, PlannedMessage>,
  blame: Blame,
): void {
  const last = new Map<string, PlannedMessage>();
  for (const { id } of effects) {
    const message = byId.get(id);
    if (message === undefined) continue;
    const before = last.get(message.group);
    if (before !== undefined && before.sequence > message.sequence) {
      blame('groups keep their order', id, `its effect came after that of ${before.id}, which is behind it`);
    }
    last.set(message.group, message);
  }
}

/** Messages that were set aside, counted by the ids that they had in the source queue. */
function originals(messages: readonly StoredMessage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { messageAttributes } of messages) {
    const text = messageAttributes[FAILURE_ATTRIBUTE]?.StringValue;
    if (text === undefined) throw new Error('a message was set aside without its failure envelope');
    const { originalMessageId }: FailureEnvelope = JSON.parse(text);
    counts.set(originalMessageId, (counts.get(originalMessageId) ?? 0) + 1);
  }
  return counts;
}
