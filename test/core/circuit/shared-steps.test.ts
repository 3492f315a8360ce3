import { describe, expect, it } from 'vitest';
import { takeStep } from '../../../lambdas/core/circuit/memory-circuits.ts';
import type { CircuitItem, CircuitStep } from '../../../lambdas/core/circuit/shared-item.ts';
import * as steps from '../../../lambdas/core/circuit/shared-steps.ts';
import { START } from '../fixtures.ts';

const now = START + 10_000;
const version = START;
const token = 'mine';
const report = { failures: 2, successes: 1, reporters: 1, lastError: 'Error: down' } as const;
const openForMs = 60_000;
const lastError = 'Error: down';

const closed: CircuitItem = { version, state: 'closed', bucket: 5, failures: 3, successes: 4, reporters: 2 };
const open: CircuitItem = { version, state: 'open', openUntil: START, openForMs, reopened: 1, lastError };
const halfOpen: CircuitItem = {
  version,
  state: 'half-open',
  leaseOwner: token,
  leaseUntil: now,
  probeSuccesses: 1,
  openForMs,
  reopened: 1,
  lastError,
};

const DAY_MS = 86_400_000;
const closedSteps: [string, CircuitStep][] = [
  ['a report', steps.reportStep({ version, bucket: 5, now }, report)],
  ['a roll', steps.rollStep({ version, from: 5, bucket: 6, now }, report)],
  ['a trip', steps.tripStep({ version, bucket: 5, now, openForMs, lastError })],
];
const probeSteps: [string, CircuitStep][] = [
  ['a good probe', steps.probeSucceededStep({ version, token })],
  ['a release', steps.releaseStep({ version, token })],
  ['a close', steps.closeStep({ version, token, now })],
  ['a reopen', steps.reopenStep({ version, token, now, openForMs, lastError })],
];

describe.each(closedSteps)('%s', (_name, step) => {
  it.each([
    ['another version', { ...closed, version: version + 1 }],
    ['another state', { ...closed, state: 'open' as const }],
    ['another bucket', { ...closed, bucket: 4 }],
  ])('is not taken from %s', (_what, item) => {
    expect(takeStep(item, step)).toEqual({ applied: false, item });
  });

  it('is taken from the item that it was meant for', () => {
    expect(takeStep(closed, step).applied).toBe(true);
  });
});

it('notes when it tripped, and keeps that until it closes, however often a probe fails', () => {
  const tripped = takeStep(closed, steps.tripStep({ version, bucket: 5, now, openForMs, lastError })).item;
  const lease = { version: now, now: now + 1, token, leaseForMs: 1 };
  const acquired = takeStep(tripped, steps.acquireStep(lease)).item;
  const probe = { version: now + 1, token, now: now + 2 };
  const reopened = takeStep(acquired, steps.reopenStep({ ...probe, openForMs, lastError })).item;
  expect([tripped?.since, acquired?.since, reopened?.since]).toEqual([now, now, now]);
  expect(takeStep(acquired, steps.closeStep(probe)).item?.since).toBeUndefined();
});

describe('an opening for a fault', () => {
  const fault = { fingerprint: 'abcdefabcdef', lastError: 'TypeError: a bug' };
  const step = steps.openStep({ version, now, openForMs, ...fault });
  const opened = takeStep(closed, step).item;

  it('is taken from a closed circuit and from a missing one, whatever the window says', () => {
    const expected = {
      version: now,
      state: 'open',
      openUntil: now + openForMs,
      openForMs,
      reopened: 0,
      since: now,
      expiresAt: now + openForMs + DAY_MS,
      ...fault,
    };
    expect(opened).toEqual(expected);
    expect(takeStep(undefined, step)).toEqual({ applied: true, item: expected });
  });

  it.each([
    ['another version', { ...closed, version: version + 1 }],
    ['an open one', open],
    ['a half-open one', halfOpen],
    ['one that is held', { version, state: 'forced-open' as const }],
  ])('is not taken from %s', (_what, item) => {
    expect(takeStep(item, step)).toEqual({ applied: false, item });
  });

  it('is known by its fault until it closes; a probe that fails otherwise names another one', () => {
    const acquired = takeStep(opened, steps.acquireStep({ version: now, now, token, leaseForMs: 1 })).item;
    expect(acquired).toMatchObject({ ...fault, since: now });
    const probe = { version: now + 1, token, now };
    const again = { ...probe, openForMs, lastError };
    expect(takeStep(acquired, steps.reopenStep(again)).item).toMatchObject({
      fingerprint: fault.fingerprint,
    });
    const other = steps.reopenStep({ ...again, fingerprint: 'bbbbbbbbbbbb' });
    expect(takeStep(acquired, other).item).toMatchObject({ fingerprint: 'bbbbbbbbbbbb', lastError });
    const done = { version: now + 1, state: 'closed', expiresAt: now + DAY_MS };
    expect(takeStep(acquired, steps.closeStep({ ...probe, now: now + 1 })).item).toEqual({
      ...done,
      version: now + 2,
      expiresAt: now + 1 + DAY_MS,
    });
    expect(takeStep(acquired, steps.forceStep('closed', now)).item).toEqual({ ...done, version: now + 2 });
  });
});

it('tells why a circuit is held, and since when, until it is reset', () => {
  const { item } = takeStep(open, steps.forceStep('forced-open', now, 'maintenance'));
  expect(item).toEqual({ version: version + 1, state: 'forced-open', since: now, lastError: 'maintenance' });
  expect(takeStep(item, steps.forceStep('closed', now)).item).toEqual({
    version: version + 2,
    state: 'closed',
    expiresAt: now + DAY_MS,
  });
});

describe.each(probeSteps)('%s', (_name, step) => {
  it.each([
    ['somebody else’s lease', { ...halfOpen, leaseOwner: 'yours' }],
    ['a free lease', { ...halfOpen, leaseOwner: undefined }],
    ['another version', { ...halfOpen, version: version + 1 }],
  ])('is not taken with %s', (_what, { leaseOwner, ...rest }) => {
    const item: CircuitItem = leaseOwner === undefined ? rest : { ...rest, leaseOwner };
    expect(takeStep(item, step)).toEqual({ applied: false, item });
  });

  it('ends the lease', () => {
    const { applied, item } = takeStep(halfOpen, step);
    expect(applied).toBe(true);
    expect(item).not.toHaveProperty('leaseOwner');
    expect(item).not.toHaveProperty('leaseUntil');
  });
});

it('creates the item with the first report, with the time of day as its version', () => {
  const { item } = takeStep(undefined, steps.reportStep({ version: 0, bucket: 5, now }, report));
  expect(item).toEqual({
    version: now,
    state: 'closed',
    bucket: 5,
    ...report,
    expiresAt: now + DAY_MS,
  });
});

it('takes no other step without an item, but for an opening and an operator’s', () => {
  const created = new Set(['report', 'open', 'reset', 'forced-open', 'forced-closed']);
  const all = [
    ...closedSteps,
    ...probeSteps,
    ['an acquire', steps.acquireStep({ version, now, token, leaseForMs: 1 })],
    ['a take-over', steps.takeOverStep({ version, now, token, leaseForMs: 1 })],
    ['an opening', steps.openStep({ version, now, openForMs, lastError, fingerprint: 'f' })],
    ['a hold', steps.forceStep('forced-open', now)],
  ] as const;
  for (const [, step] of all) expect(takeStep(undefined, step).applied).toBe(created.has(step.name));
});

it('adds reports up within a bucket, and keeps the adjacent bucket before', () => {
  const added = takeStep(closed, steps.reportStep({ version, bucket: 5, now }, report)).item;
  expect(added).toMatchObject({ failures: 5, successes: 5, reporters: 3 });
  const rolled = takeStep(added, steps.rollStep({ version, from: 5, bucket: 6, now }, report)).item;
  expect(rolled).toMatchObject({
    bucket: 6,
    failures: 2,
    previousFailures: 5,
    previousSuccesses: 5,
    previousReporters: 3,
  });
  const later = takeStep(rolled, steps.rollStep({ version, from: 6, bucket: 8, now }, report)).item;
  expect(later).toMatchObject({ bucket: 8, failures: 2, previousFailures: 0, previousReporters: 0 });
});

it('begins the window anew after it closed', () => {
  const { item } = takeStep(halfOpen, steps.closeStep({ version, token, now }));
  expect(item).toEqual({ version: now, state: 'closed', expiresAt: now + DAY_MS });
  const first = takeStep(item, steps.reportStep({ version: now, bucket: 9, now }, report));
  expect(first.item).toMatchObject({ version: now, bucket: 9, failures: 2 });
});

it('raises the version with every change of state, above the time of day and by one at least', () => {
  const future = now + 500;
  const trip = steps.tripStep({ version: future, bucket: 5, now, openForMs, lastError });
  expect(takeStep({ ...closed, version: future }, trip).item?.version).toBe(future + 1);
  const acquire = steps.acquireStep({ version, now, token, leaseForMs: 1 });
  expect(takeStep(open, acquire).item?.version).toBe(now);
  expect(takeStep({ ...open, version: future }, steps.forceStep('forced-open', now)).item?.version).toBe(
    future + 1,
  );
});

it('gives a lease that is free or over, and no other', () => {
  const takeOver = steps.takeOverStep({ version, now, token: 'yours', leaseForMs: 30_000 });
  expect(takeStep({ ...halfOpen, leaseUntil: now + 1 }, takeOver).applied).toBe(false);
  expect(takeStep(halfOpen, takeOver).item).toMatchObject({
    leaseOwner: 'yours',
    leaseUntil: now + 30_000,
    version,
  });
  const { item: free } = takeStep(halfOpen, steps.probeSucceededStep({ version, token }));
  expect(takeStep(free, takeOver).item).toMatchObject({ leaseOwner: 'yours', probeSuccesses: 2 });
});

it('says when a step leaves nonsense behind', () => {
  expect(() => takeStep(undefined, { name: 'nonsense', set: {} })).toThrow(/nonsense/);
});
