import type { Clock } from '../clock.ts';
import type { EventSink } from '../events.ts';
import { summarizeError } from '../failure.ts';
import { replaceSettings } from '../live-settings.ts';
import { within } from '../parallel.ts';
import type { ConsumerSettings } from '../settings.ts';
import { changesBetween, type Judgement, judgeConfiguration } from './run-time.ts';

/** Where a configuration comes from that may change at run time. */
export interface ConfigurationSource {
  /** What it is called in log lines and errors. */
  readonly name: string;
  /**
   * The text as it is now; `undefined`: there is none, and what was deployed holds.
   *
   * @throws what kept it from being read
   */
  read(): Promise<string | undefined>;
}

/** What a run-time configuration is made of. */
export interface RunTimeConfigurationParts {
  /** What the consumer was deployed with. */
  readonly deployed: ConsumerSettings;
  /** What it goes by: these are changed. */
  readonly live: ConsumerSettings;
  readonly source: ConfigurationSource;
  /** Name of the consumer under `queues`. */
  readonly queue: string;
  /** How long what was read holds. Milliseconds. */
  readonly refreshMs: number;
  /** Tells one text from another. */
  readonly versionOf: (text: string) => string;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** A configuration that may change at run time. */
export interface RunTimeConfiguration {
  /** Look at it, if it is time to. To be awaited while no message is worked on. Never rejects, and never takes long. */
  refresh(): Promise<void>;
}

/** How long an invocation waits for an answer; the first of an environment, which connects. Milliseconds. */
const PATIENCE_MS = 250;
const FIRST_PATIENCE_MS = 1_000;

/**
 * After a failure it is looked again so soon, and after twice the time with each further one, up to the refresh time: a
 * fleet must not keep a store busy that throttles it. Milliseconds.
 */
const AGAIN_MS = 5_000;

/** A look under way. */
interface Look {
  readonly begunAt: number;
  /** What came of it, once something has. */
  outcome: { readonly text: string | undefined } | { readonly error: unknown } | undefined;
}

/**
 * Look at a configuration at the start of invocations, and make the consumer go by it. A new one is taken as a whole,
 * between two invocations; one that breaks rules is refused, and the last good one stays; before there was a good one,
 * what was deployed holds. A store that is slow or fails harms no message: invocations wait a quarter of a second for
 * it at the most, and what arrives later is there for the next one, unless that comes so late that it is to look again.
 */
export function runTimeConfiguration(parts: RunTimeConfigurationParts): RunTimeConfiguration {
  const { deployed, live, source, queue, refreshMs, versionOf, emit, clock } = parts;
  let nextAt = Number.NEGATIVE_INFINITY;
  let look: Look | undefined;
  let connected = false;
  let failures = 0;
  let judged: { readonly text: string; readonly judgement: Judgement } | undefined;

  function begin(now: number): Promise<void> {
    const own: Look = { begunAt: now, outcome: undefined };
    look = own;
    nextAt = now + refreshMs;
    return source.read().then(
      (text) => {
        own.outcome = { text };
      },
      (error: unknown) => {
        own.outcome = { error };
      },
    );
  }

  async function refresh(): Promise<void> {
    const now = clock.now();
    // What came of a look holds from when it began: an environment may have been frozen for hours since.
    if (look !== undefined && now - look.begunAt >= refreshMs) look = undefined;
    if (look === undefined) {
      if (now < nextAt) return;
      const reading = begin(now);
      const patience = connected ? PATIENCE_MS : FIRST_PATIENCE_MS;
      await within(clock, patience, reading).catch((error: unknown) => unavailable(error));
    }
    if (look?.outcome === undefined) return;
    const { outcome } = look;
    look = undefined;
    if ('error' in outcome) {
      nextAt = Math.min(nextAt, clock.now() + AGAIN_MS * 2 ** failures);
      failures += 1;
      unavailable(outcome.error);
      return;
    }
    connected = true;
    failures = 0;
    try {
      take(outcome.text ?? '');
    } catch (error) {
      unavailable(error);
    }
  }

  function unavailable(error: unknown): void {
    const summary = summarizeError(error);
    emit({ kind: 'configuration-unavailable', source: source.name, error: summary });
  }

  function take(text: string): void {
    const isNew = judged?.text !== text;
    const judgement = judged?.text === text ? judged.judgement : judgeConfiguration(text, deployed, queue);
    judged = { text, judgement };
    const version = versionOf(text);
    if (judgement.kind === 'bad') {
      const { problems } = judgement;
      emit({ kind: 'configuration-refused', source: source.name, version, problems });
      return;
    }
    const { settings, ignored } = judgement;
    const changes = changesBetween(live, settings);
    if (changes.length > 0) replaceSettings(live, settings);
    if (changes.length === 0 && (!isNew || ignored.length === 0)) {
      emit({ kind: 'configuration-unchanged', source: source.name });
      return;
    }
    emit({ kind: 'configuration-applied', source: source.name, version, changes, ignored });
  }

  return { refresh };
}
