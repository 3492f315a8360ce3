import { LONGEST_WAIT_MS, type RateLimitSettings } from '../settings.ts';

/**
 * The arithmetic of the rate limit: the generic cell rate algorithm (ITU-T I.371), with room for clocks that differ and
 * for permits that are taken ahead of their use.
 *
 * Every permit has a *place* on one timeline, and places are at least one interval T apart. A permit is used at the
 * earliest `early` before its place and at the latest `hold` after it, by a clock that differs from others by `skew` at
 * most. So the places of the permits that are used within a time w lie within w + early + hold + skew, and there are at
 * most ⌊(w + early + hold + skew) / T⌋ + 1 of them. That is no more than `limit × w / perMs + burst` for every w, as
 * long as
 *
 *   early + hold + skew ≤ (burst − 1) × perMs / limit + (T − perMs / limit)   and   T ≥ perMs / limit
 *
 * (docs/adr/0015-places-on-a-timeline.md has the proof). Where two limits are in force on one timeline, each takes places
 * by its own interval, and all of them together are no more than the faster rate and both bursts allow. Times are whole
 * microseconds, so that sums are exact here as in a table that adds decimals.
 */
export interface Timeline {
  /** Distance of places. */
  readonly intervalUs: number;
  /** How long before its place a permit may be used. */
  readonly earlyUs: number;
  /** How long after its place a permit may be used. */
  readonly holdUs: number;
}

/** What burst has to be left for beside bursts. */
export interface Allowance {
  /** How far any two clocks are apart, at most. */
  readonly skewUs: number;
  /** Least time between asking for a permit and its use: a reply that takes longer has wasted it. */
  readonly replyUs: number;
}

/** No permit is kept for longer: an environment that is frozen or ends wastes those that it has. */
const LONGEST_HOLD_US = 10_000_000;

/**
 * Nobody waits for longer, and no two clocks may be told to be further apart than the minute that is added (`skewMs`): what
 * lies further ahead of its writer's clock than that and its reach was not written by anybody's right clock. Microseconds.
 */
const LONGEST_LEAD_US = LONGEST_WAIT_MS * 1_000 + 60_000_000;

/** Share of the burst that goes to keeping permits; the rest may be used at once. */
const HOLD_SHARE = 1 / 3;

/**
 * The timeline of a rate limit. Where the burst is too small for the allowance, places are that much further apart: the
 * bound holds, and less than the limit is admitted.
 */
export function timelineOf(
  { limit, perMs, burst }: Pick<RateLimitSettings, 'limit' | 'perMs' | 'burst'>,
  { skewUs, replyUs }: Allowance,
): Timeline {
  const interval = (perMs * 1_000) / limit;
  const tolerance = (burst - 1) * interval;
  const stretch = Math.max(0, skewUs + replyUs - tolerance);
  const spareUs = Math.max(0, Math.floor(tolerance) - skewUs);
  const holdUs =
    replyUs === 0
      ? 0
      : Math.max(replyUs, Math.min(LONGEST_HOLD_US, Math.floor(Math.max(0, spareUs) * HOLD_SHARE)));
  return {
    intervalUs: Math.ceil(interval + stretch),
    earlyUs: Math.max(0, spareUs - holdUs),
    holdUs,
  };
}

/** What is kept of a timeline. A missing item is one whose time lies long ago. */
export interface TimelineItem {
  /** Place of the next permit (the theoretical arrival time): all before it are taken. */
  readonly tatUs: number;
  /** How far ahead of its clock who wrote it goes without waiting: its limit need not be that of who reads it. */
  readonly reachUs: number;
}

/** One atomic change of the item: data, so that every store does the same. */
export type LimitStep =
  /** The time has come, or nobody has taken any: places begin now. */
  | { readonly name: 'begin'; readonly nowUs: number; readonly costUs: number; readonly reachUs: number }
  /** Places follow on those that are taken, if the first one of them is at most this. */
  | {
      readonly name: 'extend';
      readonly nowUs: number;
      readonly mostUs: number;
      readonly costUs: number;
      readonly reachUs: number;
    }
  /** It lies further ahead than anybody could reach whose clock was right. */
  | {
      readonly name: 'clamp';
      readonly nowUs: number;
      readonly seenUs: number;
      readonly toUs: number;
      readonly reachUs: number;
    };

/** What came of a step: the item after it, or the one that stood in its way. */
export interface LimitStepResult {
  readonly applied: boolean;
  readonly item: TimelineItem | undefined;
}

/** Take a step from an item; the reference for what it means in any store. */
export function takeStep(item: TimelineItem | undefined, step: LimitStep): LimitStepResult {
  const { reachUs } = step;
  const to = (tatUs: number): LimitStepResult => ({ applied: true, item: { tatUs, reachUs } });
  switch (step.name) {
    case 'begin':
      if (item === undefined || item.tatUs <= step.nowUs) return to(step.nowUs + step.costUs);
      break;
    case 'extend':
      if (item !== undefined && item.tatUs > step.nowUs && item.tatUs <= step.mostUs) {
        return to(item.tatUs + step.costUs);
      }
      break;
    case 'clamp':
      if (item?.tatUs === step.seenUs) return to(step.toUs);
      break;
  }
  return { applied: false, item };
}

/** Who asks for permits, and for how many. */
export interface Demand {
  readonly nowUs: number;
  /** Permits for those who wait. */
  readonly needed: number;
  /** The same, and those that will be used soon: only what may be used now is taken ahead. */
  readonly wanted: number;
  /** When the last of those who wait wants to go on at the latest; not before now. */
  readonly latestUs: number;
}

/** What is believed of the item. */
export interface Belief {
  /** The item when it was last seen; it may have moved on since. */
  readonly item: TimelineItem | undefined;
  /** Whether it has probably moved on to a time that is still to come. */
  readonly busy: boolean;
}

/**
 * The step that gives the most of what is asked for; nothing if there is nothing to have. Places that are taken stay so,
 * whoever has taken them by whatever limit: only what a wrong clock has written is brought back.
 */
export function nextStep(timeline: Timeline, { item, busy }: Belief, demand: Demand): LimitStep | undefined {
  const { intervalUs, earlyUs } = timeline;
  const { nowUs, needed, wanted, latestUs } = demand;
  const reachUs = earlyUs + intervalUs;
  if (item !== undefined && item.tatUs > nowUs + Math.max(reachUs, item.reachUs) + LONGEST_LEAD_US) {
    return { name: 'clamp', nowUs, seenUs: item.tatUs, toUs: nowUs + reachUs, reachUs };
  }
  const ahead = item !== undefined && item.tatUs > nowUs;
  const fromUs = ahead ? item.tatUs : nowUs;
  const atOnce = room(timeline, fromUs, nowUs);
  const waits = atOnce < needed;
  const permits = waits ? Math.min(needed, room(timeline, fromUs, latestUs)) : Math.min(wanted, atOnce);
  if (permits < 1) return undefined;
  const costUs = permits * intervalUs;
  if (!ahead && !busy) return { name: 'begin', nowUs, costUs, reachUs };
  const lastUs = (waits ? latestUs : nowUs) + earlyUs;
  return { name: 'extend', nowUs, mostUs: lastUs - (permits - 1) * intervalUs, costUs, reachUs };
}

/** How many permits, the first of them at a place, may be used by then. */
function room({ intervalUs, earlyUs }: Timeline, fromUs: number, byUs: number): number {
  return Math.floor((byUs + earlyUs - fromUs) / intervalUs) + 1;
}

/** When a permit may be used. Microseconds. */
export interface Span {
  readonly fromUs: number;
  readonly untilUs: number;
}

/** The permits that a step has taken. */
export function permitsOf(
  { intervalUs, earlyUs, holdUs }: Timeline,
  step: LimitStep,
  { tatUs }: TimelineItem,
): readonly Span[] {
  if (step.name === 'clamp') return [];
  const firstUs = tatUs - step.costUs;
  return Array.from({ length: step.costUs / intervalUs }, (_, at) => {
    const placeUs = firstUs + at * intervalUs;
    return { fromUs: placeUs - earlyUs, untilUs: placeUs + holdUs };
  });
}

/** When the next permit may be used, if nobody else takes it. */
export function availableAtUs({ earlyUs }: Timeline, item: TimelineItem | undefined): number {
  return item === undefined ? 0 : item.tatUs - earlyUs;
}
