import { createHash } from 'node:crypto';

/** Kinds of messages that a run sends, and where each has to end. */
export const DESTINATIONS = {
  good: 'handled',
  refused: 'dead-letter',
  failing: 'dead-letter',
  hungry: 'dead-letter',
  spinning: 'dead-letter',
  exiting: 'dead-letter',
  deaf: 'dead-letter',
  poison: 'quarantine',
} as const;

/** What a message's handler does. */
export type Kind = keyof typeof DESTINATIONS;

/** Where a message has to end. */
export type Destination = (typeof DESTINATIONS)[Kind];

/** Points on a message's way at which something can go wrong. */
export const STEPS = [
  'receive',
  'load',
  'note-start',
  'lock',
  'call',
  'complete',
  'release',
  'charge',
  'note-end',
  'begin-move',
  'send',
  'note-move',
  'visibility',
  'acknowledge',
  'return',
] as const;

/** A point on a message's way. */
export type Step = (typeof STEPS)[number];

/** What goes wrong. */
export type FaultKind =
  /** SIGKILL before the request has an effect, or after it. */
  | 'kill-before'
  | 'kill-after'
  /** The request is refused: HTTP 500, a throttle, or an entry in `Failed`. */
  | 'error'
  | 'throttle'
  | 'partial'
  /** The request takes effect; its answer never comes. */
  | 'lost-reply'
  /** The answer takes its time. */
  | 'slow'
  /** The message is delivered once more while it is being worked on. */
  | 'redeliver';

/** One thing that goes wrong with one message. */
export interface Fault {
  readonly step: Step;
  /** The how-manieth time the message comes to the step, from 1. */
  readonly nth: number;
  /** For how many times in a row: the SDK repeats what failed, so that once is often not enough to be felt. */
  readonly times: number;
  readonly kind: FaultKind;
}

/** A message that a run sends. */
export interface PlannedMessage {
  readonly id: string;
  readonly kind: Kind;
  /** Group, and place in it, on FIFO queues. */
  readonly group: string;
  readonly sequence: number;
  /** How often the producer sends it. */
  readonly copies: number;
  readonly faults: readonly Fault[];
}

/** What the dependency does while a part of the messages is sent. */
export interface Weather {
  /** Share of the messages that are sent when it begins and ends. 0 to 1. */
  readonly from: number;
  readonly to: number;
  readonly kind: 'down' | 'slow' | 'flapping' | 'throttling';
}

/** What a plan is made for. */
export interface PlanOptions {
  readonly seed: number;
  readonly messages: number;
  readonly faults: 'all' | 'kills' | 'none';
  /** Messages whose environment is killed, once each. @default - a share of all messages */
  readonly kills?: number;
}

/** Everything that goes wrong in a run; a function of its options alone. */
export interface Plan {
  readonly messages: readonly PlannedMessage[];
  readonly weather: readonly Weather[];
  /** Clock skew of the nth environment that starts. Milliseconds. */
  skewMs(environment: number): number;
}

/** Draws that depend on the seed and on what they are for, and on nothing that was drawn before. */
export function drawFor(seed: number, subject: string): (what: string) => number {
  return (what) =>
    createHash('sha256').update(`${seed}\n${subject}\n${what}`).digest().readUInt32BE() / 2 ** 32;
}

const GROUP_SIZE = 20;
const CRASHES: ReadonlySet<Kind> = new Set(['hungry', 'spinning', 'exiting', 'deaf']);
const MOST_SKEW_MS = 1_000;

/** Make the plan of a run. */
export function planOf({ seed, messages: count, faults, kills }: PlanOptions): Plan {
  const messages = Array.from({ length: count }, (_each, at) => {
    const id = `m${String(at).padStart(6, '0')}`;
    const draw = drawFor(seed, id);
    const kind = kindOf(draw, count, faults);
    const group = `g${at % Math.ceil(count / GROUP_SIZE)}`;
    const copies = CRASHES.has(kind) || draw('copies') >= 0.05 ? 1 : 2;
    return { id, kind, group, sequence: at, copies, faults: faults === 'all' ? faultsOf(draw, kind) : [] };
  });
  const planned = kills === undefined ? messages : withKills(messages, kills, drawFor(seed, 'kills'));
  const whole = drawFor(seed, 'run');
  return {
    messages: planned,
    weather: faults === 'all' ? weatherOf(whole) : [],
    skewMs: (environment) =>
      faults === 'all' ? Math.round((whole(`skew ${environment}`) * 2 - 1) * MOST_SKEW_MS) : 0,
  };
}

/** Crashes cost the time of whole environments, so there are few, whatever the length of a run. */
function kindOf(draw: (what: string) => number, count: number, faults: PlanOptions['faults']): Kind {
  const lot = draw('kind');
  if (faults === 'none') return 'good';
  if (faults === 'kills') return lot < 1 / count ? 'hungry' : 'good';
  const rare = Math.min(0.002, 20 / count);
  const kinds: readonly (readonly [Kind, number])[] = [
    ['hungry', rare / 2],
    ['spinning', rare / 2],
    ['exiting', rare],
    ['deaf', rare / 2],
    ['refused', 0.02],
    ['failing', 0.01],
    ['poison', 0.02],
  ];
  let above = 0;
  for (const [kind, share] of kinds) {
    above += share;
    if (lot < above) return kind;
  }
  return 'good';
}

/** Faults that suit a step; the more often one is named, the likelier it is. */
const SUITABLE: Readonly<Record<Step, readonly FaultKind[]>> = {
  receive: ['kill-before', 'redeliver', 'redeliver'],
  load: ['error', 'throttle', 'lost-reply', 'slow'],
  'note-start': ['kill-before', 'kill-after', 'error', 'lost-reply', 'slow'],
  lock: ['kill-before', 'kill-after', 'error', 'throttle', 'lost-reply', 'slow'],
  call: ['kill-before', 'kill-after', 'kill-after', 'error', 'lost-reply', 'slow'],
  complete: ['kill-before', 'kill-after', 'error', 'lost-reply', 'slow'],
  release: ['kill-before', 'kill-after', 'error', 'lost-reply'],
  charge: ['kill-before', 'kill-after', 'error', 'lost-reply'],
  'note-end': ['error', 'lost-reply', 'slow'],
  'begin-move': ['kill-before', 'kill-after', 'error', 'lost-reply', 'slow'],
  send: ['kill-before', 'kill-after', 'error', 'partial', 'lost-reply', 'slow'],
  'note-move': ['kill-before', 'kill-after', 'error', 'lost-reply', 'slow'],
  visibility: ['kill-before', 'kill-after', 'error', 'partial', 'lost-reply', 'slow'],
  acknowledge: ['kill-before', 'kill-after', 'error', 'partial', 'lost-reply'],
  return: ['kill-before', 'kill-before', 'redeliver'],
};

/** What is not repeated: an environment is killed once. */
const ONCE: ReadonlySet<FaultKind> = new Set(['kill-before', 'kill-after', 'redeliver']);

const OFTEN: readonly Step[] = ['receive', 'lock', 'call', 'complete', 'return'];
const TROUBLED = 0.15;

/**
 * Two faults at most that cost an attempt: a good message has four attempts, and it is not the faults that may bring it
 * to the dead-letter queue.
 */
function faultsOf(draw: (what: string) => number, kind: Kind): readonly Fault[] {
  const moves = DESTINATIONS[kind] !== 'handled';
  if (draw('troubled') >= (moves ? 0.7 : TROUBLED)) return [];
  const steps = moves ? STEPS.filter((step) => step !== 'call' && step !== 'complete') : OFTEN;
  const faults: Fault[] = [];
  const count = 1 + Math.floor(draw('count') * 2);
  for (let at = 0; at < count; at += 1) {
    const all = draw(`rare ${at}`) < 0.4 ? STEPS : steps;
    const step = pick(all, draw(`step ${at}`));
    const fault = pick(SUITABLE[step], draw(`fault ${at}`));
    const nth = 1 + Math.floor(draw(`nth ${at}`) * 2);
    const times = step === 'call' || ONCE.has(fault) ? 1 : 1 + Math.floor(draw(`times ${at}`) * 3);
    faults.push({ step, nth, times, kind: fault });
  }
  return faults;
}

const KILL_STEPS: readonly Step[] = ['receive', 'lock', 'call', 'complete', 'return'];

function withKills(
  messages: readonly PlannedMessage[],
  kills: number,
  draw: (what: string) => number,
): readonly PlannedMessage[] {
  const victims = new Map<string, Fault>();
  const good = messages.filter(({ kind }) => kind === 'good');
  for (let at = 0; victims.size < Math.min(kills, good.length); at += 1) {
    const step = pick(KILL_STEPS, draw(`step ${at}`));
    const before = step === 'receive' || step === 'return' || draw(`when ${at}`) < 0.5;
    const kind = before ? 'kill-before' : 'kill-after';
    victims.set(pick(good, draw(`victim ${at}`)).id, { step, nth: 1, times: 1, kind });
  }
  return messages.map((message) => {
    const kill = victims.get(message.id);
    return kill === undefined ? message : { ...message, faults: [kill] };
  });
}

function weatherOf(draw: (what: string) => number): readonly Weather[] {
  const kinds = ['down', 'slow', 'flapping', 'throttling'] as const;
  return kinds.map((_each, at) => {
    const kind = pick(kinds, draw(`weather ${at}`));
    const from = (at + 0.3 + draw(`from ${at}`) * 0.3) / kinds.length;
    return { kind, from, to: from + (0.1 + draw(`length ${at}`) * 0.25) / kinds.length };
  });
}

function pick<T>(items: readonly T[], draw: number): T {
  const item = items[Math.floor(draw * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}
