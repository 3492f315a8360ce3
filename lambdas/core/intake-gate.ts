import type { AttemptNotes } from './attempt-notes.ts';
import { withOneLeft } from './budget.ts';
import type { CallOutcome, Permit, Refused } from './circuit/circuit.ts';
import type { SharedCircuit } from './circuit/shared-circuit-options.ts';
import type { Clock, Random } from './clock.ts';
import { CLOCK_SKEW_MS } from './crash.ts';
import { CrashError } from './errors.ts';
import type { EventSink } from './events.ts';
import { type ErrorSummary, summarizeError } from './failure.ts';
import type { FailureEnvelope } from './failure-envelope.ts';
import { haltAt } from './halt.ts';
import { type BegunMessage, type DeadLetterCounts, type FaultCount, killSwitch } from './kill-switch.ts';
import type { ReceivedMessage } from './message.ts';
import type { MessageRecord } from './records.ts';
import { untilAdmitted } from './refusal.ts';
import {
  type CircuitSettings,
  type ConsumerSettings,
  DEFAULTS,
  type KillSwitchSettings,
} from './settings.ts';
import { defer, type MoveVerdict, type PutBackVerdict, type Verdict } from './verdict.ts';
import { untilAnswered, waitingBy } from './waiting.ts';

/** What the gate needs of the intake's circuit. */
export type IntakeCircuit = Pick<SharedCircuit, 'name' | 'admit' | 'report' | 'snapshot' | 'open' | 'set'>;

/** What the gate is made of. */
export interface IntakeGateParts {
  readonly settings: ConsumerSettings;
  readonly intake: IntakeCircuit;
  readonly counts: DeadLetterCounts;
  readonly starts: AttemptNotes;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly random: Random;
}

/** A message's way through the gate, from before its attempt to its verdict. */
export interface Passage {
  readonly kind: 'passage';
  /** What becomes of the message in the end. */
  leave(verdict: Verdict): Promise<Verdict>;
  /** Hand back what was taken, if nobody left. */
  close(): Promise<void>;
}

/** Stands before the attempts of a consumer's messages, and before its dead-letter queue. */
export interface IntakeGate {
  /** Ask for leave to make an attempt. @param forMs longest time that it can take */
  enter(message: ReceivedMessage, forMs: number): Promise<Passage | PutBackVerdict>;
  /**
   * Judge a message that is to be dead-lettered without another attempt.
   *
   * @param forMs longest time that an attempt could take
   */
  turnAway(message: ReceivedMessage, verdict: MoveVerdict, forMs: number): Promise<Verdict>;
}

/**
 * Settings of the intake's circuit: one message that gets through opens the intake again. They follow those of the
 * consumer, should these change.
 */
export function intakeCircuitSettings(consumer: ConsumerSettings): CircuitSettings {
  return {
    ...DEFAULTS.circuit,
    successThreshold: 1,
    get openForMs() {
      return killSwitchOf(consumer).openForMs;
    },
    get maxOpenForMs() {
      return killSwitchOf(consumer).maxOpenForMs;
    },
  };
}

/** One that is switched off lends its times to the intake all the same: operators hold it, too. */
function killSwitchOf({ killSwitch }: ConsumerSettings): KillSwitchSettings {
  return killSwitch === false ? DEFAULTS.killSwitch : killSwitch;
}

/** The kill switch's settings as they are at each moment. */
function liveKillSwitch(consumer: ConsumerSettings): KillSwitchSettings {
  return {
    get minMessages() {
      return killSwitchOf(consumer).minMessages;
    },
    get share() {
      return killSwitchOf(consumer).share;
    },
    get windowMs() {
      return killSwitchOf(consumer).windowMs;
    },
    get openForMs() {
      return killSwitchOf(consumer).openForMs;
    },
    get maxOpenForMs() {
      return killSwitchOf(consumer).maxOpenForMs;
    },
  };
}

/**
 * The gate of a consumer's intake: while its circuit is open, messages are put back free of charge, but for one at a
 * time that tries. Where one fault would take too many messages, the gate keeps them out of the dead-letter queue and
 * opens the circuit (the kill switch); where order matters more than progress, it does so for the first one (`halt`).
 */
export function intakeGate(parts: IntakeGateParts): IntakeGate {
  const { settings, intake, emit, clock, random } = parts;
  const until = waitingBy(clock, random);
  const halts = settings.onExhausted === 'halt';
  const limits = liveKillSwitch(settings);
  const switched = killSwitch({ settings: limits, counts: parts.counts, clock });
  /** Nothing while the kill switch is off. */
  const counter = () => (halts || settings.killSwitch === false ? undefined : switched);

  function putOff(message: ReceivedMessage, { error }: Fault, behind = false): PutBackVerdict {
    const { retryAtEpochMs = clock.now() + limits.openForMs, sinceEpochMs } = intake.snapshot();
    return { ...defer(message, 'kill-switch', until(retryAtEpochMs, behind), error), sinceEpochMs };
  }

  /** Keep a message until the intake may be open again. @param fault what its attempts were used up for */
  function hold(
    message: ReceivedMessage,
    refused: Omit<Refused, 'kind' | 'lastError'>,
    fault?: Fault,
  ): PutBackVerdict {
    const own = fault !== undefined && intake.snapshot().fingerprint === fault.fingerprint;
    const delayMs = untilAdmitted(clock, until, refused);
    const { sinceEpochMs } = refused;
    return { ...defer(message, own ? 'kill-switch' : 'held', delayMs, fault?.error), sinceEpochMs };
  }

  /** @param begun the message as the kill switch sees it; none: there is no kill switch */
  async function judge(
    message: ReceivedMessage,
    verdict: Verdict,
    fault: Fault,
    begun: BegunMessage | undefined,
  ): Promise<Verdict> {
    if (begun === undefined) {
      return halts && verdict.kind === 'move' ? haltAt(parts, message, verdict, until) : verdict;
    }
    const { forced, state, fingerprint } = intake.snapshot();
    // Who holds the intake open by force does not want it closed for a fault.
    if (forced && state === 'closed') return verdict;
    if (fingerprint === fault.fingerprint) return putOff(message, fault);
    if (verdict.kind !== 'move') return verdict;
    let found: FaultCount;
    try {
      found = await begun.count(fault.fingerprint);
    } catch (error) {
      emit({ kind: 'store-error', operation: 'count a dead letter', error: summarizeError(error), message });
      return defer(message, 'store-unavailable', untilAnswered(random), fault.error);
    }
    if (found.finding === 'few') return verdict;
    // By then what is under way has come to an end, and this count has left the window.
    if (found.finding === 'unclear')
      return defer(message, 'kill-switch', until(clock.now() + limits.windowMs), fault.error);
    const opened = await intake.open({ fingerprint: fault.fingerprint, lastError: fault.summary });
    const { count, begun: among } = found;
    if (opened)
      emit({ kind: 'kill-switch', fault: fault.fingerprint, error: fault.name, count, begun: among });
    return putOff(message, fault);
  }

  /** The message that tries tells whether the fault is over. */
  async function judgeProbe(message: ReceivedMessage, verdict: Verdict, tell: Tell): Promise<Verdict> {
    const fault = faultOf(verdict);
    if (fault !== undefined && counter() !== undefined) {
      const { fingerprint, summary } = fault;
      await tell({ kind: 'failure', summary, fingerprint });
      return putOff(message, fault, true);
    }
    const judged = fault === undefined ? verdict : await judge(message, verdict, fault, undefined);
    const handled = verdict.kind === 'done' && verdict.handled === true;
    // Without a kill switch nothing is to be found out: what it left behind ends with the first message.
    await tell(handled || fault !== undefined ? { kind: 'success' } : IGNORED);
    return judged;
  }

  /**
   * What a crash leaves behind meets a new environment, which has to ask first. A message that is not tried again finds
   * nothing out: where it is its turn to try, it hands the lease back, and comes for it at once with one attempt left.
   */
  async function judgeUntried(
    message: ReceivedMessage,
    verdict: MoveVerdict,
    fault: Fault,
    forMs: number,
  ): Promise<Verdict> {
    const admission = await intake.admit(forMs);
    if (admission.kind === 'refused') {
      emit({ kind: 'circuit-rejected', circuit: intake.name });
      return hold(message, admission, fault);
    }
    const { permit } = admission;
    if (permit.probe && counter() === undefined) {
      const { leave, close } = passage(message, permit);
      return leave(verdict).finally(close);
    }
    await intake.report(permit, IGNORED);
    if (permit.probe) return hold(message, { retryAtEpochMs: clock.now() }, fault);
    const begun = counter()?.begin();
    return judge(message, verdict, fault, begun).finally(() => begun?.takeBack());
  }

  /** Reports once: whoever could not be judged hands back what it took, whoever was has told. */
  function tellOnce(permit: Permit): Tell {
    let told = false;
    return async (outcome) => {
      if (told) return;
      told = true;
      await intake.report(permit, outcome);
    };
  }

  function passage(message: ReceivedMessage, permit: Permit): Passage {
    const tell = tellOnce(permit);
    const begun = permit.probe ? undefined : counter()?.begin();
    return {
      kind: 'passage',
      async leave(verdict) {
        if (verdict.kind === 'done') begun?.finished();
        if (permit.probe) return judgeProbe(message, verdict, tell);
        await tell(IGNORED);
        const fault = faultOf(verdict);
        return fault === undefined ? verdict : judge(message, verdict, fault, begun);
      },
      close() {
        begun?.takeBack();
        return tell(IGNORED);
      },
    };
  }

  return {
    async enter(message, forMs) {
      const admission = await intake.admit(forMs);
      if (admission.kind === 'admitted') return passage(message, admission.permit);
      emit({ kind: 'circuit-rejected', circuit: intake.name });
      return hold(message, admission);
    },
    async turnAway(message, verdict, forMs) {
      const fault = faultOf(verdict);
      if (fault === undefined) return verdict;
      const judged = await judgeUntried(message, verdict, fault, forMs);
      if (judged.kind !== 'put-back' || judged.cause === 'store-unavailable') return judged;
      // It will have to be tried once more, to find out whether the fault is over.
      const record = judged.record ?? withOneLeft(settings.attempts, recordIn(verdict.envelope));
      // The crash has been charged, but the message stays a suspect.
      const crash = { endsBy: clock.now() - CLOCK_SKEW_MS, alone: false };
      if (fault.name === CRASH) await parts.starts.begin(message, record, crash);
      return { ...judged, record };
    },
  };
}

/** Tells the intake's circuit how it went. */
type Tell = (outcome: CallOutcome) => Promise<void>;

const IGNORED: CallOutcome = { kind: 'ignored' };

/** Name of the error of who ended with the environment. */
const CRASH = new CrashError().name;

function recordIn({ attempts, history, firstAttemptAt, error: lastError }: FailureEnvelope): MessageRecord {
  return { attempts, history, firstAttemptAt, lastError };
}

/** What a message failed for, where that costs it an attempt or more. */
interface Fault {
  readonly fingerprint: string;
  readonly name: string;
  /** Name and message of the error: for the state table, not for logs. */
  readonly summary: string;
  readonly error: ErrorSummary | undefined;
}

function faultOf(verdict: Verdict): Fault | undefined {
  if (verdict.kind === 'put-back') {
    return verdict.record === undefined ? undefined : faultFrom(verdict.record.lastError, verdict.record);
  }
  if (verdict.kind !== 'move' || verdict.target !== 'dead-letter') return undefined;
  return faultFrom(verdict.envelope.error, verdict.envelope);
}

function faultFrom(
  error: ErrorSummary | undefined,
  { history }: { readonly history: readonly { readonly error: string; readonly fingerprint: string }[] },
): Fault {
  const last = history.at(-1);
  const name = error?.name ?? last?.error ?? 'unknown';
  const fingerprint = error?.fingerprint ?? (last?.fingerprint || 'unknown');
  const summary = error === undefined ? name : `${name}: ${error.message}`.slice(0, 200);
  return { fingerprint, name, summary, error };
}
