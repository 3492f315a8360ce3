import { seededRandom } from '../../examples/webhook-intake/run/deliveries.ts';
import { CANARY, type HostileMessage, hostileMessage, purchase } from './bodies.ts';
import { captureOutput } from './output.ts';
import { createTarget, type Target } from './target.ts';

/** What a run is asked to do. */
export interface HostileOptions {
  readonly messages: number;
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
}

/** Something that must not happen, and did. */
export interface Breach {
  readonly what: string;
  readonly family: string;
  /** The how-manieth message, from 0. */
  readonly at: number;
  /** The body, cut. */
  readonly body: string;
}

/** What came of a run. */
export interface HostileResult {
  readonly messages: number;
  readonly seed: number;
  readonly byFamily: Readonly<Record<string, number>>;
  readonly byReason: Readonly<Record<string, number>>;
  readonly logLines: number;
  readonly slowestMs: number;
  /** Messages that took too long once, and not when they were delivered again. */
  readonly slowOnce: number;
  readonly breaches: readonly Breach[];
  readonly seconds: number;
}

const MOST_MS = 50;
const FRESH_EVERY = 1_000;
const SHOWN_CHARACTERS = 300;
const MOST_BREACHES = 20;

/** Deliver hostile messages, and see that nothing comes of them. */
export async function runHostile({ messages, seed, onProgress }: HostileOptions): Promise<HostileResult> {
  const startedAt = performance.now();
  const draw = seededRandom(seed);
  const output = captureOutput();
  const before = prototypes();
  const breaches: Breach[] = [];
  const byFamily: Record<string, number> = {};
  const byReason: Record<string, number> = {};
  let target = createTarget();
  let slowestMs = 0;
  let slowOnce = 0;
  let lines = 0;
  try {
    await checkTarget(target);
    for (let at = 0; at < messages && breaches.length < MOST_BREACHES; at += 1) {
      if (at % FRESH_EVERY === 0) {
        target = createTarget();
        onProgress?.(at);
      }
      const message = hostileMessage(draw);
      const blame = (what: string): void => {
        breaches.push({ what, family: message.family, at, body: message.body.slice(0, SHOWN_CHARACTERS) });
      };
      output.clear();
      const { reason, tookMs } = await timed(target, message);
      byFamily[message.family] = (byFamily[message.family] ?? 0) + 1;
      byReason[reason ?? 'none'] = (byReason[reason ?? 'none'] ?? 0) + 1;
      if (target.handled.length > 0) blame('it reached the handler');
      if (reason !== message.expected) blame(`it is in quarantine as ${reason}, not as ${message.expected}`);
      lines += output.lines().length;
      const leak = output.lines().find((line) => line.includes(CANARY));
      if (leak !== undefined) blame(`a log line tells of it: ${leak.slice(0, SHOWN_CHARACTERS)}`);
      if (prototypes() !== before) blame('it polluted a prototype');
      // The garbage of what came before is collected some time; what is slow itself is slow again.
      const again = tookMs > MOST_MS ? (await timed(createTarget(), message)).tookMs : undefined;
      if (again !== undefined && again > MOST_MS) blame(`it took ${tookMs} ms, and again ${again} ms`);
      else if (again !== undefined) slowOnce += 1;
      slowestMs = Math.max(slowestMs, again ?? tookMs);
      target.handled.length = 0;
    }
  } finally {
    output.restore();
  }
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return { messages, seed, byFamily, byReason, logLines: lines, slowestMs, slowOnce, breaches, seconds };
}

/** A consumer that refuses everything would pass: a purchase has to get through. */
async function checkTarget(target: Target): Promise<void> {
  const body = JSON.stringify(purchase());
  const reason = await target.deliver({ family: 'none', body, expected: 'INVALID_FORMAT' });
  if (target.handled.length !== 1) throw new Error(`a purchase must pass, got ${reason}`);
}

/** Other processes may have had the processor meanwhile, so that the time is that of the clock or of the processor. */
async function timed(target: Target, message: HostileMessage) {
  const startedAt = performance.now();
  const usedBefore = process.cpuUsage();
  const reason = await target.deliver(message);
  const { user, system } = process.cpuUsage(usedBefore);
  const ms = Math.min(performance.now() - startedAt, (user + system) / 1_000);
  return { reason, tookMs: Math.round(ms * 10) / 10 };
}

/** What hangs on the prototypes that everything shares. */
function prototypes(): string {
  return [Object, Array, Function, String, Number, Boolean, Promise, Map]
    .map(({ prototype }) => Reflect.ownKeys(prototype).length)
    .join();
}
