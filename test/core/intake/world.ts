import type { CircuitItem } from '../../../lambdas/core/circuit/shared-item.ts';
import type { ControlQueue } from '../../../lambdas/core/intake/control-queue.ts';
import { type ControlledIntake, intakeController } from '../../../lambdas/core/intake/controller.ts';
import type {
  EventSourceChange,
  EventSourceStatus,
  EventSources,
} from '../../../lambdas/core/intake/event-source.ts';
import type { IntakeEvent } from '../../../lambdas/core/intake/events.ts';
import type { IntakeMarker, IntakeTable, WakeUp } from '../../../lambdas/core/intake/intake-table.ts';
import type { ControlledConsumer, ControlMessage } from '../../../lambdas/core/intake/settings.ts';
import { fakeClock, START } from '../fixtures.ts';

/** How long Lambda takes to change an event source mapping here. Milliseconds. */
export const CHANGE_MS = 8_000;
export const RAMP_STEP_MS = 20_000;
const HOUR_SECONDS = 3_600;

/** A port call fails, or the whole run ends there. */
export type Mishap = 'throttled' | 'killed' | 'stalled';

export class ThrottledError extends Error {
  override readonly name = 'TooManyRequestsException';
}

export class InUseError extends Error {
  override readonly name = 'ResourceInUseException';
}

/** A run that ends in the middle of a call never gets an answer. */
const NEVER = new Promise<never>(() => {});

/** A consumer whose messages expire after a day, and are kept for two hours more. */
export function controlled(overrides: Partial<ControlledConsumer> = {}): ControlledIntake {
  const consumer: ControlledConsumer = {
    consumerId: 'orders',
    mappingId: 'mapping-1',
    circuits: ['tracker'],
    maxConcurrency: 10,
    retryUntilSeconds: 24 * HOUR_SECONDS,
    retentionSeconds: 26 * HOUR_SECONDS,
    ...overrides,
  };
  const { consumerId, circuits } = consumer;
  return {
    consumer,
    key: `intake#${consumerId}`,
    circuits: [
      ...circuits.map((name) => ({ name, key: `circuit#${name}` })),
      { name: 'intake', key: `circuit#intake#${consumerId}` },
    ],
  };
}

/** Lambda, the state table and the control queue, as the controller sees them. */
export function intakeWorld(intakes: readonly ControlledIntake[] = [controlled()]) {
  const clock = fakeClock();
  const circuits = new Map<string, CircuitItem>();
  const markers = new Map<string, IntakeMarker>();
  const notes = new Map<string, WakeUp>();
  const events: IntakeEvent[] = [];
  const calls: string[] = [];
  let messages: { readonly at: number; readonly message: ControlMessage }[] = [];
  let watcher: (change: EventSourceChange, marker: IntakeMarker | undefined) => void = () => {};
  let said: EventSourceStatus | undefined;
  let callsUntilKilled = Number.POSITIVE_INFINITY;
  const stalled: (() => void)[] = [];
  let mishaps: (Mishap | undefined)[] = [];
  const sources = new Map<string, { status: EventSourceStatus; next: EventSourceStatus; at: number }>();
  for (const { consumer } of intakes) addSource(consumer.mappingId, consumer.maxConcurrency);

  function addSource(mappingId: string, maximumConcurrency?: number): void {
    const status = { state: 'Enabled', maximumConcurrency } as const;
    sources.set(mappingId, { status, next: status, at: 0 });
  }

  /** What Lambda would say now. */
  function sourceOf(mappingId = 'mapping-1'): EventSourceStatus {
    const source = sources.get(mappingId);
    if (source === undefined) throw new RangeError(`there is no mapping ${mappingId}`);
    if (clock.now() >= source.at) source.status = source.next;
    return source.status;
  }

  /** Lambda takes an order: from the controller, a person or a deployment. */
  function order({ enabled, maximumConcurrency }: EventSourceChange, mappingId = 'mapping-1'): void {
    const { state, maximumConcurrency: before } = sourceOf(mappingId);
    if (state !== 'Enabled' && state !== 'Disabled') throw new InUseError(`it is ${state}`);
    const wasEnabled = state === 'Enabled';
    const willBe = enabled ?? wasEnabled;
    const limit = maximumConcurrency === undefined ? before : (maximumConcurrency ?? undefined);
    const transition = wasEnabled === willBe ? 'Updating' : willBe ? 'Enabling' : 'Disabling';
    sources.set(mappingId, {
      status: { state: transition, maximumConcurrency: limit },
      next: { state: willBe ? 'Enabled' : 'Disabled', maximumConcurrency: limit },
      at: clock.now() + CHANGE_MS,
    });
  }

  /** Each call of a run is a point at which it may fail or end, before or after it took effect. */
  async function at<T>(name: string, effect: () => T): Promise<T> {
    await Promise.resolve();
    calls.push(name);
    callsUntilKilled -= 1;
    if (callsUntilKilled === 0) return NEVER;
    const mishap = mishaps.shift();
    if (mishap === 'throttled') throw new ThrottledError('Rate exceeded');
    if (mishap === 'killed') return NEVER;
    if (mishap === 'stalled') {
      await new Promise<void>((resolve) => {
        stalled.push(resolve);
      });
    }
    const result = effect();
    return mishaps.shift() === 'killed' ? NEVER : result;
  }

  const eventSources: EventSources = {
    describe: (id) => at('describe', () => said ?? (sources.has(id) ? sourceOf(id) : undefined)),
    change: (id, change) =>
      at(`change ${JSON.stringify(change)}`, () => {
        order(change, id);
        watcher(change, markers.get('orders'));
      }),
  };
  const table: IntakeTable = {
    read: ({ circuits: keys, consumers }) =>
      at('read', () => ({
        circuits: new Map(keys.flatMap((key) => entry(circuits, key))),
        markers: new Map(consumers.flatMap((id) => entry(markers, id))),
        wakeUps: new Map(keys.flatMap((key) => entry(notes, key))),
      })),
    mark: (consumerId, before, after) =>
      at(`mark ${after?.phase ?? 'nothing'}`, () => {
        if (markers.get(consumerId)?.revision !== before?.revision) return false;
        if (after === undefined) markers.delete(consumerId);
        else markers.set(consumerId, after);
        return true;
      }),
    note: (wakeUp, now) =>
      at('note', () => {
        const noted = notes.get(wakeUp.key);
        const news =
          noted === undefined || noted.version < wakeUp.version || noted.at <= now || noted.at > wakeUp.at;
        if (news) notes.set(wakeUp.key, wakeUp);
        return news;
      }),
  };
  const queue: ControlQueue = {
    send: (message, delaySeconds = 0) =>
      at('send', () => {
        messages.push({ at: clock.now() + delaySeconds * 1_000, message });
      }),
  };
  const controller = intakeController({
    intakes,
    rampStepMs: RAMP_STEP_MS,
    sources: eventSources,
    table,
    queue,
    emit: (event) => void events.push(event),
    clock,
  });

  async function quiet(): Promise<void> {
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
  }

  /** A run, up to its end or to where it is killed. */
  async function run(
    action: () => Promise<void> = controller.lookAtAll,
    trouble: readonly (Mishap | undefined)[] = [],
  ): Promise<void> {
    mishaps = [...trouble];
    await Promise.race([action().catch(() => {}), quiet()]);
    mishaps = [];
  }

  /** Time goes by; the schedule comes every minute, and messages when they are due. */
  async function live(ms: number, onTick: () => void = () => {}): Promise<void> {
    const end = clock.now() + ms;
    while (clock.now() < end) {
      const minute = START + Math.ceil((clock.now() + 1 - START) / 60_000) * 60_000;
      const next = Math.min(end, minute, ...messages.map(({ at: due }) => due));
      clock.advance(Math.max(0, next - clock.now()));
      const due = messages.filter(({ at: when }) => when <= clock.now());
      messages = messages.filter((message) => !due.includes(message));
      if (due.length > 0) await run(() => controller.hear(due.map(({ message }) => message)));
      if (clock.now() === minute) await run();
      onTick();
    }
  }

  /** A circuit's state, as consumers would write it. */
  function circuit(key: string, item: Partial<CircuitItem> | undefined): void {
    if (item === undefined) circuits.delete(key);
    else circuits.set(key, { version: clock.now(), state: 'closed', ...item });
  }

  function open(key = 'circuit#tracker', openForMs = 60_000): void {
    circuit(key, { state: 'open', openUntil: clock.now() + openForMs, openForMs });
  }

  const told = (key: string): Promise<void> => run(() => controller.hear([{ kind: 'circuit-changed', key }]));

  return {
    clock,
    controller,
    circuits,
    markers,
    notes,
    events,
    calls,
    run,
    live,
    circuit,
    open,
    told,
    order,
    addSource,
    sourceOf,
    /** Let the runs that stalled go on. */
    async release(): Promise<void> {
      for (const goOn of stalled.splice(0)) goOn();
      await quiet();
    },
    /** What Lambda says of every mapping, whatever it is; nothing: the truth. */
    say(status: EventSourceStatus | undefined) {
      said = status;
    },
    /** The run that makes this call ends there, whichever it is. */
    killAtCall(count: number) {
      callsUntilKilled = count;
    },
    /** Be told of every change that the controller makes, with the marker of "orders" at that moment. */
    watch(next: typeof watcher) {
      watcher = next;
    },
    removeSource: (id: string) => sources.delete(id),
    statuses: () => events.flatMap((event) => (event.kind === 'intake-status' ? [event.status] : [])),
    get messages() {
      return messages;
    },
  };
}

function entry<T>(map: ReadonlyMap<string, T>, key: string): [string, T][] {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
}
