import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chaosOptions } from './options.ts';
import { type RunResult, runChaos } from './run.ts';
import { traceLine } from './trace.ts';

const SHOWN = 3;
const REPLACED: ReadonlySet<string> = new Set(['--messages', '--seed', '--seeds', '--json', '--trace']);

const options = chaosOptions(process.argv.slice(2));
const results: RunResult[] = [];
for (const seed of options.seeds) {
  for (const queue of options.queues) {
    say(`seed ${seed}, ${queue}: ${options.messages} messages`);
    const { messages, faults, kills, storeOutage, withoutIdempotency, rate } = options;
    const plan = { seed, messages, faults, kills, storeOutage, withoutIdempotency, rate };
    const onProgress = (text: string): void => say(`  ${text}`);
    const result = await runChaos({ ...plan, fifo: queue === 'fifo', onProgress });
    results.push(result);
    report(result);
    if (options.trace !== undefined) await writeTrace(options.trace, result);
    await writeResults();
  }
}
const failed = results.filter(({ violations }) => violations.length > 0).length;
say(
  failed === 0
    ? `all ${results.length} runs kept every promise`
    : `${failed} of ${results.length} runs broke a promise`,
);
process.exitCode = failed === 0 ? 0 : 1;

function report(result: RunResult): void {
  const { tally, kills, environmentsDied, seconds, violations, planned, trace, recovery } = result;
  say(
    `  sent ${tally.sent} = handled ${tally.handled} + dead-lettered ${tally.deadLettered} + quarantined ${tally.quarantined}` +
      ` - duplicate moves ${tally.duplicateMoves}; lost ${tally.lost}, innocents set aside ${tally.innocentsSetAside}`,
  );
  say(
    `  kills ${kills}, environments died at work ${environmentsDied}, repeated effects ${tally.repeatedEffects},` +
      ` of them unexplained ${tally.unexplainedEffects}; ${seconds} s`,
  );
  if (recovery !== undefined)
    say(`  back at nine tenths of ${recovery.healthyRate} messages/s after ${recovery.seconds} s`);
  if (violations.length === 0) return;
  say(`  ${violations.length} violations; the same faults again: ${replay(result)}`);
  for (const { promise, subject, detail } of violations.slice(0, SHOWN)) {
    const { kind = 'good', faults = [] } = planned.get(subject) ?? {};
    const planed = faults.map(
      (fault) => `${fault.kind} at ${fault.step}, ${fault.times} x from time ${fault.nth}`,
    );
    say(
      `\n  "${promise}" does not hold for ${subject} (${kind}; planned: ${planed.join('; ') || 'nothing'}): ${detail}`,
    );
    for (const event of trace.of(subject)) say(`    ${traceLine(event)}`);
  }
}

function replay({ seed, queue, messages }: RunResult): string {
  const passed = process.argv
    .slice(2)
    .filter((arg, at, all) => !REPLACED.has(arg) && !REPLACED.has(all[at - 1] ?? ''));
  const own = passed.filter((arg) => arg !== '--fifo' && arg !== '--standard');
  return ['npm run chaos --', `--messages ${messages}`, `--seed ${seed}`, `--${queue}`, ...own].join(' ');
}

function summary({ planned: _planned, trace: _trace, ...rest }: RunResult): object {
  return rest;
}

/** After each run: what a run of many hours has shown is not lost with the last one. */
async function writeResults(): Promise<void> {
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify({ runs: results.map(summary) }, null, 2)}\n`);
}

async function writeTrace(file: string, { trace }: RunResult): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, trace.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
