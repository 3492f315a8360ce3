import type { CircuitItem } from '../circuit/shared-item.ts';
import { isHalt } from '../halt.ts';
import { openUntilOf } from '../intake/desired.ts';
import type { WakeUp } from '../intake/intake-table.ts';
import type { HealthFinding } from './health.ts';
import { duration } from './judge-queues.ts';

/**
 * Judge a circuit. An open one is being handled: calls are refused, messages wait, and a probe comes by itself. One that
 * stays half-open is not: its probes neither succeed nor fail.
 */
export function judgeCircuit(
  item: CircuitItem | undefined,
  wakeUp: WakeUp | undefined,
  halfOpenForMs: number,
  now: number,
): HealthFinding {
  const state = stateOf(item, now);
  if (item === undefined || state === 'closed') return { status: 'HEALTHY', reason: 'closed' };
  switch (state) {
    case 'forced-closed':
      return { status: 'DEGRADED', reason: 'held closed by an operator: it does not open, whatever fails' };
    case 'forced-open':
      return { status: 'DEGRADED', reason: held('held open by an operator', item), ...sinceOf(item) };
    case 'half-open': {
      const since = changedAt(item, now);
      const tooLong = since !== undefined && now - since > halfOpenForMs;
      const long = since === undefined ? '' : ` for ${duration((now - since) / 1_000)}`;
      if (!tooLong) return { status: 'DEGRADED', reason: 'half-open: a call probes it', ...atLatest(since) };
      const reason = `half-open${long}: no probe comes to an end, or no message comes to make one`;
      return { status: 'UNHEALTHY', reason, sinceEpochMs: since + halfOpenForMs };
    }
    case 'open': {
      const until = openUntilOf(item, wakeUp?.version === item.version ? wakeUp.seenAt : now);
      const waits = until > now ? `may be probed in ${duration((until - now) / 1_000)}` : 'waits for a probe';
      const again = item.reopened ?? 0;
      const reopened = again === 0 ? '' : `, after ${again} failed ${again === 1 ? 'probe' : 'probes'}`;
      const since = openedAt(item, now);
      const reason = `open${reopened}: ${waits}`;
      // What is known of a circuit that was opened again is when it last was.
      return { status: 'DEGRADED', reason, ...(again === 0 ? exactly(since) : atLatest(since)) };
    }
  }
}

/**
 * Judge the intake of a consumer. A hold of an operator is meant; a kill switch and a halted queue wait for a person to
 * mend something.
 */
export function judgeIntake(item: CircuitItem | undefined, now: number): HealthFinding {
  switch (stateOf(item, now)) {
    case 'forced-open': {
      if (item === undefined) break;
      const halted = isHalt(item.lastError);
      const reason = held(halted ? 'the queue' : 'held by an operator', item, halted ? ' ' : ': ');
      return { status: halted ? 'UNHEALTHY' : 'DEGRADED', reason, ...sinceOf(item) };
    }
    case 'open':
    case 'half-open': {
      const fault = item?.fingerprint === undefined ? '' : ` by fault ${item.fingerprint}`;
      const reason = `held by the kill switch: too many messages failed for good${fault}`;
      return { status: 'UNHEALTHY', reason, ...sinceOf(item) };
    }
  }
  return { status: 'HEALTHY', reason: 'messages are taken in' };
}

/** After a pause its backlog is as old as the pause was long: so long it may be, as for the alarms. Milliseconds. */
const RECOVERY_MS = 900_000;

/**
 * Why a consumer takes no messages, or few, or has only begun to take them again, as far as circuits that are being handled
 * say it; undefined if none does.
 */
export function excuseOf(
  circuits: readonly { readonly name: string; readonly item: CircuitItem | undefined }[],
  intake: CircuitItem | undefined,
  halfOpenForMs: number,
  now: number,
): string | undefined {
  const shut = circuits.find(({ item }) => {
    const state = stateOf(item, now);
    const handled = judgeCircuit(item, undefined, halfOpenForMs, now).status === 'DEGRADED';
    return handled && state !== 'forced-closed';
  });
  if (shut !== undefined) return `circuit ${shut.name} is ${stateOf(shut.item, now)}`;
  if (stateOf(intake, now) === 'forced-open' && !isHalt(intake?.lastError)) return 'its intake is held';
  return recoveryOf([...circuits, { name: undefined, item: intake }], now);
}

/** What a consumer recovers from, once everything is closed that stood in its way. */
function recoveryOf(
  circuits: readonly { readonly name: string | undefined; readonly item: CircuitItem | undefined }[],
  now: number,
): string | undefined {
  if (circuits.some(({ item }) => stateOf(item, now) !== 'closed')) return undefined;
  // The version of a closed one is when it closed, or when failures were first noted of one that had none.
  const times = circuits.map(({ name, item }) => ({
    name,
    at: item === undefined ? undefined : changedAt(item, now),
  }));
  const last = times.reduce((one, other) => ((other.at ?? 0) > (one.at ?? 0) ? other : one));
  if (last.at === undefined || now - last.at > RECOVERY_MS) return undefined;
  const ago = `${duration((now - last.at) / 1_000)} ago`;
  return last.name === undefined ? `its intake was opened ${ago}` : `circuit ${last.name} closed ${ago}`;
}

/** DynamoDB deletes late: what has expired is not there. */
function stateOf(item: CircuitItem | undefined, now: number): CircuitItem['state'] {
  if (item === undefined || (item.expiresAt !== undefined && item.expiresAt <= now)) return 'closed';
  return item.state;
}

function openedAt({ since, openUntil, openForMs }: CircuitItem, now: number): number | undefined {
  if (since !== undefined) return since;
  if (openUntil === undefined || openForMs === undefined) return undefined;
  return Math.min(openUntil - openForMs, now);
}

/** A version is the time of its change, unless two changes came within a moment or a clock was far ahead. */
function changedAt({ version }: CircuitItem, now: number): number | undefined {
  return version <= now && version > now - LONGEST_BELIEVED_MS ? version : undefined;
}

/** An older version was not made of a time of day. Milliseconds. */
const LONGEST_BELIEVED_MS = 365 * 86_400_000;

function sinceOf(item: CircuitItem | undefined): Pick<HealthFinding, 'sinceEpochMs'> {
  return item?.since === undefined ? {} : { sinceEpochMs: item.since };
}

function exactly(since: number | undefined): Pick<HealthFinding, 'sinceEpochMs'> {
  return since === undefined ? {} : { sinceEpochMs: since };
}

function atLatest(since: number | undefined): Pick<HealthFinding, 'sinceEpochMs' | 'atLatest'> {
  return since === undefined ? {} : { sinceEpochMs: since, atLatest: true };
}

/** What who holds it gave as a reason was written for those who find it held; other summaries stay where they are. */
function held(what: string, { lastError }: CircuitItem, colon = ': '): string {
  return lastError === undefined ? what : `${what}${colon}${lastError}`;
}
