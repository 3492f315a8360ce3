/** State that all environments share: `circuit.ts` knows three, and an operator can force two more. */
export type SharedState = 'closed' | 'open' | 'half-open' | 'forced-open' | 'forced-closed';

/** What the state table knows of a circuit. A missing item means closed. Times in epoch milliseconds by the clock of who wrote. */
export interface CircuitItem {
  /** Rises with every change of state, and outlives the item, since a new one begins with the time of day. */
  readonly version: number;
  readonly state: SharedState;
  /** Closed: number of the window's current bucket, and what was reported in it. */
  readonly bucket?: number;
  readonly failures?: number;
  readonly successes?: number;
  /** Environments that reported in it. */
  readonly reporters?: number;
  /** The same of the bucket before, if that is the adjacent one. */
  readonly previousFailures?: number;
  readonly previousSuccesses?: number;
  readonly previousReporters?: number;
  /** Open: until when. */
  readonly openUntil?: number;
  /** How long it is open in all: nobody trusts {@link openUntil} beyond the first sight of it plus this. */
  readonly openForMs?: number;
  /** How many probes in a row have failed. */
  readonly reopened?: number;
  /** Half-open: token of who probes, and until when it may. */
  readonly leaseOwner?: string;
  readonly leaseUntil?: number;
  /** Probes that succeeded so far. */
  readonly probeSuccesses?: number;
  /** Summary of the last failure on record, or why it is held. */
  readonly lastError?: string;
  /** Fingerprint of the fault that it was opened for, where one was named. */
  readonly fingerprint?: string;
  /** When it was opened, however often its probes failed since then, or forced open. */
  readonly since?: number;
  /** When the item may be deleted. Forced states never expire. */
  readonly expiresAt?: number;
}

/** Name of an attribute of the item. */
export type CircuitField = keyof CircuitItem;

/** Fields that hold numbers. */
export type NumberField = Exclude<CircuitField, 'state' | 'leaseOwner' | 'lastError' | 'fingerprint'>;

/** What has to hold of the item, all of it together, for a step to be taken. */
export interface StepCondition {
  /** A missing item will do as well. */
  readonly orMissing?: true;
  readonly version?: number;
  readonly state?: SharedState;
  readonly leaseOwner?: string;
  /** The current bucket is this one; or, with {@link orNoBucket}, there is none yet. */
  readonly bucket?: number;
  readonly orNoBucket?: true;
  /** Nobody holds the lease, or it ended by then. */
  readonly leaseFreeAt?: number;
}

/** One atomic change of the item: data, so that every store does the same. */
export interface CircuitStep {
  readonly name: string;
  readonly when?: StepCondition;
  readonly set: Partial<CircuitItem>;
  /** Set where the field is missing. */
  readonly setIfMissing?: Partial<CircuitItem>;
  /** Take the value that another field had before the step, or 0. */
  readonly copy?: Partial<Record<NumberField, NumberField>>;
  /** Add to the value, which is 0 where it is missing. */
  readonly add?: Partial<Record<NumberField, number>>;
  /** Raise the version by one; to this and one where the item is missing. */
  readonly raiseVersionFrom?: number;
  readonly remove?: readonly CircuitField[];
}

/** What came of a step: the item after it, or the one that stood in its way. */
export interface StepResult {
  readonly applied: boolean;
  readonly item: CircuitItem | undefined;
}

/** Where items of circuits are kept. Both calls reject when the store does not answer. */
export interface CircuitStore {
  /** @param consistent whether the answer has to know of every step that was taken before */
  read(key: string, consistent: boolean): Promise<CircuitItem | undefined>;
  apply(key: string, step: CircuitStep): Promise<StepResult>;
}

/** A store that gives many items for one request. */
export interface CircuitBatchStore extends CircuitStore {
  /**
   * Items by key, which may be those of a moment ago.
   *
   * @returns an entry for each key that was answered: `undefined` for an item that is missing
   */
  readAll(keys: readonly string[]): Promise<ReadonlyMap<string, CircuitItem | undefined>>;
}
