import type { AlarmChange, AlarmState, LocalAlarm } from '../cloudwatch.ts';
import type { MetricStore } from '../metric-store.ts';
import type { StackClock } from '../stack-clock.ts';
import { alarmsOf, type CompositeRule, ruleHolds } from './composite.ts';
import type { MetricAlarmDefinition } from './definition.ts';
import { alarmDatapoints, alarmSamples, evaluateMetricAlarm, isWarm } from './evaluate.ts';
import { compositeReason } from './reason.ts';

/** What identifies and describes an alarm. */
export type AlarmFacts = Omit<LocalAlarm, 'kind' | 'state' | 'reason' | 'sinceEpochMs' | 'history'>;

/** Hears of changes of alarms. */
export type AlarmListener = (alarm: LocalAlarm, change: AlarmChange) => void;

/** The alarms of a stack. */
export interface AlarmBook {
  readonly alarms: readonly LocalAlarm[];
  /** Whether an alarm has periods of less than a minute. */
  readonly fine: boolean;
  addMetric(facts: AlarmFacts, definition: MetricAlarmDefinition): void;
  addComposite(facts: AlarmFacts, rule: CompositeRule): void;
  /**
   * Evaluate every alarm at the end of a period, composite ones last. Alarms with periods of a minute or more are looked at
   * at the end of a minute only.
   */
  evaluate(atEpochMs: number): void;
  /** Put an alarm into a state until it is evaluated next, as SetAlarmState does. */
  setState(alarm: LocalAlarm, state: AlarmState, reason: string): void;
  onAlarm(listener: AlarmListener): () => void;
}

interface Entry {
  readonly alarm: LocalAlarm;
  readonly facts: AlarmFacts;
  state: AlarmState;
  reason: string;
  sinceEpochMs: number;
  readonly history: AlarmChange[];
}
type MetricEntry = Entry & {
  readonly definition: MetricAlarmDefinition;
  readonly addedAtEpochMs: number;
  warm: boolean;
};
type CompositeEntry = Entry & { readonly rule: CompositeRule; evaluated: boolean };

const MINUTE_MS = 60_000;
const KEPT_CHANGES = 1_000;

/** What alarms are evaluated with. */
export interface AlarmBookOptions {
  readonly store: MetricStore;
  readonly clock: StackClock;
  /** Told of an alarm that cannot be evaluated, and of a listener that failed. */
  readonly onError: (alarm: LocalAlarm, error: unknown) => void;
}

/** An empty book of alarms. Every alarm begins in INSUFFICIENT_DATA. */
export function createAlarmBook({ store, clock, onError }: AlarmBookOptions): AlarmBook {
  const alarms: LocalAlarm[] = [];
  const entries = new Map<LocalAlarm, Entry>();
  const metrics: MetricEntry[] = [];
  const composites: CompositeEntry[] = [];
  const listeners = new Set<AlarmListener>();

  const add = (facts: AlarmFacts, kind: LocalAlarm['kind']): Entry => {
    const entry: Omit<Entry, 'alarm'> = {
      facts,
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      sinceEpochMs: clock.now(),
      history: [],
    };
    const alarm: LocalAlarm = {
      ...facts,
      kind,
      get state() {
        return whole.state;
      },
      get reason() {
        return whole.reason;
      },
      get sinceEpochMs() {
        return whole.sinceEpochMs;
      },
      get history() {
        return [...whole.history];
      },
    };
    const whole: Entry = { ...entry, alarm };
    alarms.push(alarm);
    entries.set(alarm, whole);
    return whole;
  };

  const change = (entry: Entry, to: AlarmState, reason: string, atEpochMs: number): void => {
    const happened: AlarmChange = { atEpochMs, from: entry.state, to, reason };
    entry.state = to;
    entry.reason = reason;
    entry.sinceEpochMs = atEpochMs;
    entry.history.push(happened);
    if (entry.history.length > KEPT_CHANGES) entry.history.shift();
    for (const listener of listeners) {
      try {
        listener(entry.alarm, happened);
      } catch (error) {
        onError(entry.alarm, error); // who listens has no say in how alarms go
      }
    }
  };

  const evaluateMetric = (entry: MetricEntry, atEpochMs: number): boolean => {
    const { definition } = entry;
    if (definition.periodSeconds >= 60 && atEpochMs % MINUTE_MS !== 0) return false;
    try {
      const points = alarmDatapoints(store, definition, atEpochMs);
      entry.warm ||= isWarm(definition, points, atEpochMs - entry.addedAtEpochMs);
      if (!entry.warm) return false;
      const found = evaluateMetricAlarm(
        definition,
        points,
        entry.state,
        alarmSamples(store, definition, atEpochMs),
      );
      if (found === undefined) return false;
      change(entry, found.state, found.reason, atEpochMs);
      return true;
    } catch (error) {
      onError(entry.alarm, error);
      return false;
    }
  };

  const named = (name: string): LocalAlarm | undefined =>
    alarms.find((each) => each.name === name || each.arn === name);
  const stateOf = (name: string): AlarmState => named(name)?.state ?? 'INSUFFICIENT_DATA';

  /** Evaluate composite alarms, which may go by each other, until none changes. */
  const settleComposites = (changed: Set<LocalAlarm>, atEpochMs: number): void => {
    for (let round = 0; round <= composites.length; round += 1) {
      let settled = true;
      for (const entry of composites) {
        const to = ruleHolds(entry.rule, stateOf) ? 'ALARM' : 'OK';
        if (to === entry.state) continue;
        const causes = alarmsOf(entry.rule)
          .map(named)
          .filter((cause) => cause !== undefined && changed.has(cause))
          .flatMap((cause) =>
            cause === undefined ? [] : [{ arn: cause.arn, to: cause.state, atEpochMs: cause.sinceEpochMs }],
          );
        change(entry, to, compositeReason(entry.facts.arn, to, entry.evaluated ? causes : []), atEpochMs);
        entry.evaluated = true;
        changed.add(entry.alarm);
        settled = false;
      }
      if (settled) return;
    }
  };

  return {
    alarms,
    get fine() {
      return metrics.some(({ definition }) => definition.periodSeconds < 60);
    },
    addMetric(facts, definition) {
      const addedAtEpochMs = clock.now();
      metrics.push(Object.assign(add(facts, 'metric'), { definition, addedAtEpochMs, warm: false }));
    },
    addComposite(facts, rule) {
      composites.push(Object.assign(add(facts, 'composite'), { rule, evaluated: false }));
    },
    evaluate(atEpochMs) {
      const changed = new Set<LocalAlarm>();
      for (const entry of metrics) if (evaluateMetric(entry, atEpochMs)) changed.add(entry.alarm);
      settleComposites(changed, atEpochMs);
    },
    setState(alarm, state, reason) {
      const entry = entries.get(alarm);
      if (entry === undefined || entry.state === state) return;
      const atEpochMs = clock.now();
      change(entry, state, reason, atEpochMs);
      settleComposites(new Set([alarm]), atEpochMs);
    },
    onAlarm(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
