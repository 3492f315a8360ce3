import type { CircuitField, CircuitItem, CircuitStep, SharedState } from './shared-item.ts';

/**
 * The steps of the shared breaker, each one atomic change of the item. Conditions decide every race: who loses one
 * learns the state that stood in its way. All but an operator's steps name the version that they start from, so what
 * comes late changes nothing.
 */

/** What one environment has to tell of a closed circuit. */
export interface WindowReport {
  readonly failures: number;
  readonly successes: number;
  /** 1 with the first report of an environment in a bucket. */
  readonly reporters: 0 | 1;
  readonly lastError: string;
}

/** The item outlives what it says by a day, so that nobody takes its absence for news. Milliseconds. */
const KEPT_MS = 86_400_000;

const WINDOW: readonly CircuitField[] = [
  'bucket',
  'failures',
  'successes',
  'reporters',
  'previousFailures',
  'previousSuccesses',
  'previousReporters',
];
const LEASE: readonly CircuitField[] = ['leaseOwner', 'leaseUntil'];
const OPENING: readonly CircuitField[] = ['openUntil', 'openForMs', 'reopened', 'probeSuccesses'];
const CAUSE: readonly CircuitField[] = ['lastError', 'fingerprint', 'since'];

/** The version after one, such that it also lies above any that a deleted item had. */
export function nextVersion(version: number, now: number): number {
  return Math.max(version + 1, Math.floor(now));
}

/** Add to the window of a closed circuit; the first report of all creates the item. */
export function reportStep(
  { version, bucket, now }: { version: number; bucket: number; now: number },
  { lastError, ...counts }: WindowReport,
): CircuitStep {
  return {
    name: 'report',
    when: { orMissing: true, version, state: 'closed', bucket, orNoBucket: true },
    set: { bucket, lastError, expiresAt: now + KEPT_MS },
    setIfMissing: { version: nextVersion(version, now), state: 'closed' },
    add: counts,
  };
}

/** Begin a new bucket with a report; the old one is kept if it is the adjacent one. */
export function rollStep(
  { version, from, bucket, now }: { version: number; from: number; bucket: number; now: number },
  { lastError, ...counts }: WindowReport,
): CircuitStep {
  const adjacent = from === bucket - 1;
  return {
    name: 'roll',
    when: { version, state: 'closed', bucket: from },
    set: {
      bucket,
      ...counts,
      lastError,
      expiresAt: now + KEPT_MS,
      ...(adjacent ? {} : { previousFailures: 0, previousSuccesses: 0, previousReporters: 0 }),
    },
    ...(adjacent
      ? {
          copy: {
            previousFailures: 'failures',
            previousSuccesses: 'successes',
            previousReporters: 'reporters',
          },
        }
      : {}),
  };
}

interface Opening {
  readonly version: number;
  readonly now: number;
  readonly openForMs: number;
  readonly lastError: string;
}

/** Open a closed circuit; not if what speaks against it has meanwhile left the window. */
export function tripStep({
  version,
  bucket,
  now,
  openForMs,
  lastError,
}: Opening & { readonly bucket: number }): CircuitStep {
  return {
    name: 'trip',
    when: { version, state: 'closed', bucket },
    set: {
      state: 'open',
      version: nextVersion(version, now),
      openUntil: now + openForMs,
      openForMs,
      reopened: 0,
      lastError,
      since: now,
      expiresAt: now + openForMs + KEPT_MS,
    },
    remove: WINDOW,
  };
}

/** What a circuit is opened for by somebody who knows better than its window. */
export interface CircuitFault {
  /** Equal for what has the same origin. */
  readonly fingerprint: string;
  /** Summary for people. */
  readonly lastError: string;
}

/** Open a closed circuit for a fault that was found elsewhere, whatever its window says. */
export function openStep({
  version,
  now,
  openForMs,
  lastError,
  fingerprint,
}: Opening & CircuitFault): CircuitStep {
  return {
    name: 'open',
    when: { orMissing: true, version, state: 'closed' },
    set: {
      state: 'open',
      version: nextVersion(version, now),
      openUntil: now + openForMs,
      openForMs,
      reopened: 0,
      lastError,
      fingerprint,
      since: now,
      expiresAt: now + openForMs + KEPT_MS,
    },
    remove: WINDOW,
  };
}

interface Lease {
  readonly version: number;
  readonly now: number;
  readonly token: string;
  readonly leaseForMs: number;
}

/** Half-open an open circuit and take its first probe. Its open time is part of its version: who steps has looked at it. */
export function acquireStep({ version, now, token, leaseForMs }: Lease): CircuitStep {
  return {
    name: 'acquire',
    when: { version, state: 'open' },
    set: {
      state: 'half-open',
      version: nextVersion(version, now),
      leaseOwner: token,
      leaseUntil: now + leaseForMs,
      probeSuccesses: 0,
      expiresAt: now + leaseForMs + KEPT_MS,
    },
    remove: ['openUntil'],
  };
}

/** Take the next probe of a half-open circuit, or that of somebody who did not come back. */
export function takeOverStep({ version, now, token, leaseForMs }: Lease): CircuitStep {
  return {
    name: 'take over',
    when: { version, state: 'half-open', leaseFreeAt: now },
    set: { leaseOwner: token, leaseUntil: now + leaseForMs, expiresAt: now + leaseForMs + KEPT_MS },
  };
}

interface Probe {
  readonly version: number;
  readonly token: string;
}

/** A probe succeeded, and more have to. */
export function probeSucceededStep({ version, token }: Probe): CircuitStep {
  return {
    name: 'probe succeeded',
    when: { version, leaseOwner: token },
    set: {},
    add: { probeSuccesses: 1 },
    remove: LEASE,
  };
}

/** A probe said nothing about the dependency. */
export function releaseStep({ version, token }: Probe): CircuitStep {
  return { name: 'release', when: { version, leaseOwner: token }, set: {}, remove: LEASE };
}

/** The last probe needed succeeded. */
export function closeStep({ version, token, now }: Probe & { readonly now: number }): CircuitStep {
  return {
    name: 'close',
    when: { version, leaseOwner: token },
    set: { state: 'closed', version: nextVersion(version, now), expiresAt: now + KEPT_MS },
    remove: [...OPENING, ...LEASE, ...WINDOW, ...CAUSE],
  };
}

/** A probe failed. Without a fingerprint of its own, that of the fault before stands. */
export function reopenStep({
  version,
  token,
  now,
  openForMs,
  lastError,
  fingerprint,
}: Probe & Opening & { readonly fingerprint?: string | undefined }): CircuitStep {
  return {
    name: 'reopen',
    when: { version, leaseOwner: token },
    set: {
      state: 'open',
      version: nextVersion(version, now),
      openUntil: now + openForMs,
      openForMs,
      lastError,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      expiresAt: now + openForMs + KEPT_MS,
    },
    add: { reopened: 1 },
    remove: [...LEASE, 'probeSuccesses'],
  };
}

/**
 * An operator decides, whatever the state: that circuit is open, closed, or on its own again from the start.
 *
 * @param why what is told to who meets the circuit
 */
export function forceStep(
  state: Extract<SharedState, 'forced-open' | 'forced-closed' | 'closed'>,
  now: number,
  why?: string,
): CircuitStep {
  const set: Partial<CircuitItem> = {
    state,
    ...(state === 'closed' ? { expiresAt: now + KEPT_MS } : {}),
    ...(state === 'forced-open' ? { since: now } : {}),
    ...(why === undefined ? {} : { lastError: why }),
  };
  const gone = [...WINDOW, ...OPENING, ...LEASE, ...CAUSE, ...(state === 'closed' ? [] : EXPIRY)];
  return {
    name: state === 'closed' ? 'reset' : state,
    set,
    raiseVersionFrom: Math.floor(now),
    remove: gone.filter((field) => !(field in set)),
  };
}

const EXPIRY: readonly CircuitField[] = ['expiresAt'];
