import type { ContenderName } from './contenders.ts';
import type { Measurement } from './measure-workload.ts';

/** A contender in the outage. */
export interface OutageResult extends Measurement {
  readonly name: ContenderName;
  /** Messages a second that it handled while all was well and the queue never empty. */
  readonly healthyPerSecond: number;
  /** Calls a second that its dependency served. */
  readonly capacityPerSecond: number;
  /** What is left of the open time, and the backlog at the dependency's capacity. */
  readonly idealDrainSeconds: number;
}

/** A contender in the trickle. */
export interface TrickleResult extends Measurement {
  readonly name: ContenderName;
}

/** One thing that is promised of `spillway`. */
export interface Verdict {
  readonly rule: string;
  readonly got: number;
  readonly holds: boolean;
}

const MOST_CALLS = 100;
const FEWER_INVOCATIONS = 20;
const DRAIN_FACTOR = 1.5;
/** How far the peers' healthy throughput may be from ours before the comparison has to say so. */
const SAME_THROUGHPUT = 0.1;
/** Share of the dependency's capacity that the local stack has to reach for the drain to be the dependency's doing. */
const ENOUGH_MACHINE = 0.9;

/** Judge our own results; the peers' are what they are. */
export function judge(
  outage: readonly OutageResult[],
  trickle: readonly TrickleResult[],
): readonly Verdict[] {
  const ours = outage.find(({ name }) => name === 'spillway');
  const peers = outage.filter(({ name }) => name !== 'spillway');
  const ourTrickle = trickle.find(({ name }) => name === 'spillway');
  const verdicts: Verdict[] = [];
  const add = (rule: string, got: number, holds: boolean): void => {
    verdicts.push({ rule, got: Math.round(got * 100) / 100, holds });
  };
  if (ours !== undefined) {
    const { deadLettered, unaccounted, callsDuringOutage, duplicateEffects } = ours;
    add('outage: no message dead-lettered', deadLettered, deadLettered === 0);
    add('outage: no message unaccounted for', unaccounted, unaccounted === 0);
    add(`outage: fewer than ${MOST_CALLS} calls into it`, callsDuringOutage, callsDuringOutage < MOST_CALLS);
    add('outage: no effect twice', duplicateEffects, duplicateEffects === 0);
    const { drainSeconds, idealDrainSeconds } = ours;
    const longest = DRAIN_FACTOR * idealDrainSeconds;
    const rule = `outage: drained within ${DRAIN_FACTOR} × ${idealDrainSeconds.toFixed(1)} s, the ideal`;
    add(rule, drainSeconds, drainSeconds >= 0 && drainSeconds <= longest);
  }
  if (ours !== undefined && peers.length > 0) {
    const fewest = Math.min(...peers.map(({ invocationsDuringOutage }) => invocationsDuringOutage));
    const times = fewest / Math.max(1, ours.invocationsDuringOutage);
    add(
      `outage: ${FEWER_INVOCATIONS} × fewer invocations than the best peer`,
      times,
      times >= FEWER_INVOCATIONS,
    );
  }
  if (ourTrickle !== undefined) {
    const { deadLettered, unaccounted, circuitOpened } = ourTrickle;
    add('trickle: no message dead-lettered', deadLettered, deadLettered === 0);
    add('trickle: no message unaccounted for', unaccounted, unaccounted === 0);
    add('trickle: the circuit opens', circuitOpened, circuitOpened > 0);
  }
  return verdicts;
}

/** What the reader of the figures has to know of this run: peers that are not as fast as we are, a busy machine. */
export function remarksOn(outage: readonly OutageResult[]): readonly string[] {
  const ours = outage.find(({ name }) => name === 'spillway');
  if (ours === undefined) return [];
  const unequal = outage
    .map(({ name, healthyPerSecond }) => ({ name, ratio: healthyPerSecond / ours.healthyPerSecond }))
    .filter(({ ratio }) => Math.abs(ratio - 1) > SAME_THROUGHPUT)
    .map(
      ({ name, ratio }) =>
        `${name} handles ${ratio.toFixed(2)} × as many messages as spillway while all is well`,
    );
  const { healthyPerSecond, capacityPerSecond } = ours;
  if (healthyPerSecond >= ENOUGH_MACHINE * capacityPerSecond) return unequal;
  const busy =
    `the machine was too slow or too busy: spillway handled ${healthyPerSecond.toFixed(0)} messages a second while all ` +
    `was well, and its dependency could have served ${capacityPerSecond.toFixed(0)}`;
  return [busy, ...unequal];
}
