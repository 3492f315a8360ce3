/** A part of the world that can be made to fail. */
export type FaultTarget =
  /** Every read and write of the state table: attempts, moves, idempotency records. */
  | 'state-table'
  /** Sends to the dead-letter queue. */
  | 'dead-letter-queue'
  /** Sends to the quarantine queue. */
  | 'quarantine'
  /** Changes of a message's visibility. */
  | 'visibility'
  /** Reads of the signing secret. */
  | 'secret'
  /** Reads of the configuration that may change at run time. */
  | 'configuration';

/** Options of a fault. */
export interface FaultOptions {
  /** Operations that fail. 1 or more. @default - all, until they are restored */
  readonly times?: number;
  /** Operations that go well first. 0 or more. @default 0 */
  readonly after?: number;
}

/** What an operation fails with while its target is made to fail. */
export class InjectedFaultError extends Error {
  /** What was made to fail. */
  readonly target: FaultTarget;

  constructor(target: FaultTarget) {
    super(`the ${target} was made to fail`);
    this.name = 'InjectedFaultError';
    this.target = target;
  }
}

/** Faults that are to come. */
export class Faults {
  readonly #pending = new Map<FaultTarget, { after: number; times: number }>();

  fail(target: FaultTarget, { times = Number.POSITIVE_INFINITY, after = 0 }: FaultOptions = {}): void {
    this.#pending.set(target, { times, after });
  }

  restore(target?: FaultTarget): void {
    if (target === undefined) this.#pending.clear();
    else this.#pending.delete(target);
  }

  /** The error that an operation meets, if it is its turn to fail. */
  next(target: FaultTarget): InjectedFaultError | undefined {
    const fault = this.#pending.get(target);
    if (fault === undefined) return undefined;
    if (fault.after > 0) {
      fault.after -= 1;
      return undefined;
    }
    fault.times -= 1;
    if (fault.times <= 0) this.#pending.delete(target);
    return new InjectedFaultError(target);
  }

  /** An operation of the target. @throws {InjectedFaultError} if it is its turn to fail */
  operate(target: FaultTarget): void {
    const error = this.next(target);
    if (error !== undefined) throw error;
  }
}
