import type { CircuitItem } from '../circuit/shared-item.ts';
import { classifyError } from '../classifier.ts';
import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { summarizeError } from '../failure.ts';
import { inParallel } from '../parallel.ts';
import { type ControlQueue, LONGEST_DELAY_MS } from './control-queue.ts';
import { type NeededCircuit, openUntilOf } from './desired.ts';
import type { EventSources } from './event-source.ts';
import type { IntakeEvent } from './events.ts';
import type { IntakeMarker, IntakeRecords, IntakeTable, WakeUp } from './intake-table.ts';
import { type IntakeStep, LOOK_AGAIN_MS, planIntake } from './plan.ts';
import type { ControlledConsumer, ControlMessage } from './settings.ts';
import { statusOf } from './status.ts';

/** A consumer, with the keys of its items. */
export interface ControlledIntake {
  readonly consumer: ControlledConsumer;
  /** Key of its marker, which its wake-ups bear as well. */
  readonly key: string;
  /** The circuits that it needs, its own intake circuit among them. */
  readonly circuits: readonly { readonly name: string; readonly key: string }[];
}

/** What a controller works with. */
export interface IntakeControllerParts {
  readonly intakes: readonly ControlledIntake[];
  readonly rampStepMs: number;
  readonly sources: EventSources;
  readonly table: IntakeTable;
  readonly queue: ControlQueue;
  readonly emit: (event: IntakeEvent) => void;
  readonly clock: Clock;
}

/** Keeps the intake of consumers in step with their circuits. */
export interface IntakeController {
  /**
   * Look at every consumer, and tell how each one is.
   *
   * @throws what the table throws: nothing can be decided without it
   */
  lookAtAll(): Promise<void>;
  /**
   * Look at the consumers that messages are about. What a message says is a hint; the tables decide.
   *
   * @throws what the table throws: nothing can be decided without it
   */
  hear(messages: readonly ControlMessage[]): Promise<void>;
}

/** There is no event source mapping of that id: it was deleted by hand, or is being replaced. */
export class NoEventSourceError extends SpillwayError {
  constructor(mappingId: string) {
    super(`there is no event source mapping ${mappingId}`);
  }
}

/** Consumers that are looked at, at a time: Lambda allows few calls a second of this kind. */
const AT_A_TIME = 4;

/**
 * Make a controller. Each look reads the tables and Lambda, and goes the way from what is to what should be; nothing is
 * remembered in between, so runs may end anywhere, come twice or at the same time, and the next one makes it good.
 */
export function intakeController(parts: IntakeControllerParts): IntakeController {
  const { intakes, rampStepMs, sources, table, queue, emit, clock } = parts;

  async function look(
    chosen: readonly ControlledIntake[],
    messages?: readonly ControlMessage[],
  ): Promise<void> {
    if (chosen.length === 0) return;
    const records = await table.read({
      circuits: [...new Set(chosen.flatMap(({ circuits }) => circuits.map(({ key }) => key)))],
      consumers: chosen.map(({ consumer }) => consumer.consumerId),
    });
    const fresh = messages?.filter((message) => !isStale(message, records));
    const due = fresh === undefined ? chosen : chosen.filter((intake) => fresh.some(isAbout(intake)));
    await inParallel(due, AT_A_TIME, (intake) => lookAt(intake, records, messages === undefined));
    await wakeForCircuits(records);
  }

  async function lookAt(intake: ControlledIntake, records: IntakeRecords, tell: boolean): Promise<void> {
    const { consumer, key } = intake;
    const { consumerId, mappingId } = consumer;
    try {
      const source = await sources.describe(mappingId);
      if (source === undefined) throw new NoEventSourceError(mappingId);
      const marker = records.markers.get(consumerId);
      const facts = { consumer, circuits: neededCircuits(intake, records), marker, source, now: clock.now() };
      const plan = planIntake(facts, rampStepMs);
      if (tell) emit({ kind: 'intake-status', status: statusOf(facts, plan) });
      await follow(consumer, key, marker, plan.steps);
    } catch (error) {
      const operation = 'look after the intake';
      emit({ kind: 'intake-error', consumerId, operation, error: summarizeError(error) });
      // What will not heal by itself is left to the schedule.
      if (mayHeal(error, clock.now())) await wakeSafely(soon(key));
    }
  }

  async function follow(
    { consumerId, mappingId }: ControlledConsumer,
    key: string,
    before: IntakeMarker | undefined,
    steps: readonly IntakeStep[],
  ): Promise<void> {
    let marker = before;
    for (const step of steps) {
      switch (step.kind) {
        case 'mark': {
          const after =
            step.marker === undefined ? undefined : { ...step.marker, revision: revisionAfter(marker) };
          if (!(await table.mark(consumerId, marker, after))) {
            // Another run has been here since the tables were read, and may know better, or less.
            await wake(soon(key));
            return;
          }
          marker = after;
          break;
        }
        case 'change':
          await sources.change(mappingId, step.change);
          emit(step.event);
          if (step.change.enabled === false && marker !== undefined) await claim(consumerId, key, marker);
          break;
        case 'look-again':
          await wake({ key, version: 0, at: step.at, seenAt: clock.now() });
      }
    }
  }

  /**
   * The change may have hung while other runs opened the source, and even took the marker away: what is switched off now
   * is switched off by us.
   */
  async function claim(consumerId: string, key: string, relied: IntakeMarker): Promise<void> {
    const { markers } = await table.read({ circuits: [], consumers: [consumerId] });
    const found = markers.get(consumerId);
    if (found?.revision === relied.revision) return;
    await table.mark(consumerId, found, { ...relied, revision: revisionAfter(found), since: clock.now() });
    await wake(soon(key));
  }

  function revisionAfter(marker: IntakeMarker | undefined): number {
    return Math.max((marker?.revision ?? 0) + 1, Math.floor(clock.now()));
  }

  function soon(key: string): WakeUp {
    return { key, version: 0, at: clock.now() + LOOK_AGAIN_MS, seenAt: clock.now() };
  }

  /** Come back when a circuit may be probed, once for each of its versions. */
  async function wakeForCircuits({ circuits, wakeUps }: IntakeRecords): Promise<void> {
    for (const [key, item] of circuits) {
      const wakeUp = wakeUpOf(key, item, wakeUps.get(key), clock.now());
      if (wakeUp !== undefined) await wakeSafely(wakeUp);
    }
  }

  async function wakeSafely(wakeUp: WakeUp): Promise<void> {
    try {
      await wake(wakeUp);
    } catch (error) {
      // The schedule comes every minute in any case.
      const operation = 'order a wake-up';
      emit({ kind: 'intake-error', consumerId: undefined, operation, error: summarizeError(error) });
    }
  }

  async function wake(wanted: WakeUp): Promise<void> {
    const now = clock.now();
    const wakeUp = { ...wanted, at: Math.min(wanted.at, now + LONGEST_DELAY_MS) };
    const { key, version, at } = wakeUp;
    if (!(await table.note(wakeUp, now))) return;
    // A second at the least, whatever the tables say: a controller that wakes itself at once would never rest.
    await queue.send({ kind: 'timer', key, version }, Math.max(1, Math.ceil((at - now) / 1_000)));
  }

  return {
    lookAtAll: () => look(intakes),
    hear: (messages) =>
      look(
        intakes.filter((intake) => messages.some(isAbout(intake))),
        messages,
      ),
  };
}

function isAbout({ key, circuits }: ControlledIntake): (message: ControlMessage) => boolean {
  return (message) => message.key === key || circuits.some((circuit) => circuit.key === message.key);
}

/** A wake-up for a state that a circuit has left: its successor has one of its own, if it needs one. */
function isStale(message: ControlMessage, { circuits }: IntakeRecords): boolean {
  if (message.kind !== 'timer' || message.version === 0) return false;
  return circuits.get(message.key)?.version !== message.version;
}

function neededCircuits(
  { circuits }: ControlledIntake,
  { circuits: items, wakeUps }: IntakeRecords,
): readonly NeededCircuit[] {
  return circuits.map(({ name, key }) => ({ name, key, item: items.get(key), wakeUp: wakeUps.get(key) }));
}

function wakeUpOf(
  key: string,
  item: CircuitItem,
  noted: WakeUp | undefined,
  now: number,
): WakeUp | undefined {
  const { version } = item;
  const seenAt = noted?.version === version ? noted.seenAt : now;
  const at = openUntilOf(item, seenAt);
  return at > now ? { key, version, at, seenAt } : undefined;
}

function mayHeal(error: unknown, now: number): boolean {
  if (error instanceof NoEventSourceError) return false;
  return summarizeError(error).name === 'ResourceInUseException' || classifyError(error, now).retryable;
}
