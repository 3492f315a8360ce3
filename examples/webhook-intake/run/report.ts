import { type Account, type ByReason, total } from './account.ts';

/** The result of a run, as it is written to `out/run.json`. */
export interface RunResult {
  readonly sent: number;
  readonly handled: number;
  readonly duplicates: number;
  /** Times a message was put back without a charge, and with one. From the consumer's metrics. */
  readonly deferred: number;
  readonly retried: number;
  readonly quarantined: ByReason;
  readonly deadLettered: ByReason;
  readonly lost: number;
  readonly calls: number;
  readonly repeatedCalls: number;
  readonly duplicateEffects: number;
  readonly outageSeconds: number;
  readonly callsDuringOutage: number;
  readonly seconds: number;
}

/** What is wrong with a run; nothing, if all is well. */
export function complaints(result: RunResult, { misplaced }: Account): readonly string[] {
  const { sent, handled, duplicates, quarantined, deadLettered, lost, duplicateEffects } = result;
  const found = handled + duplicates + total(quarantined) + total(deadLettered);
  return [
    ...(sent === found ? [] : [`${sent} were sent, ${found} are accounted for`]),
    ...(lost === 0 ? [] : [`${lost} were lost`]),
    ...(duplicateEffects === 0 ? [] : [`${duplicateEffects} effects happened twice`]),
    ...(result.callsDuringOutage > 0 ? [] : ['no call hit the outage']),
    ...misplaced.slice(0, 10),
    ...(misplaced.length > 10 ? [`and ${misplaced.length - 10} more are not where they should be`] : []),
  ];
}

/** The result as a table. */
export function table(result: RunResult): string {
  const rows: [string, string | number, string][] = [
    ['sent', result.sent, 'deliveries that the intake accepted'],
    ['handled', result.handled, 'effects at the tracker'],
    ['duplicates', result.duplicates, 'recognised, no effect'],
    ...reasonRows('quarantined', result.quarantined),
    ...reasonRows('dead-lettered', result.deadLettered),
    ['lost', result.lost, 'sent, but neither in a queue nor at the tracker'],
    ['deferred', result.deferred, 'times put back free of charge'],
    ['retried', result.retried, 'failed attempts that were put back'],
    [
      'tracker calls',
      result.calls,
      `${result.repeatedCalls} repeated, ${result.callsDuringOutage} into the outage`,
    ],
    ['duplicate effects', result.duplicateEffects, 'calls that completed twice for one key'],
    ['outage', `${result.outageSeconds} s`, 'the tracker was down'],
    ['time', `${result.seconds} s`, 'from the first delivery until the queue was empty'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, value, note]) => `  ${name.padEnd(width)}  ${String(value).padStart(7)}  ${note}`)
    .join('\n');
}

function reasonRows(name: string, counts: ByReason): [string, number, string][] {
  const reasons = Object.entries(counts).sort(([one], [other]) => one.localeCompare(other));
  return reasons.length === 0 ? [[name, 0, '']] : reasons.map(([reason, count]) => [name, count, reason]);
}
