import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OutageResult, TrickleResult, Verdict } from './acceptance.ts';
import { drawChart } from './chart.ts';
import type { Measurement } from './measure-workload.ts';
import type { Workload } from './workloads.ts';

/** Everything that a run found out. */
export interface RunResult {
  readonly outage: readonly OutageResult[];
  readonly trickle: readonly TrickleResult[];
  readonly verdicts: readonly Verdict[];
  readonly remarks: readonly string[];
  readonly workload: Workload;
}

/** Print the tables, write the JSON and draw the chart. */
export async function report(
  { outage, trickle, verdicts, remarks, workload }: RunResult,
  files: { readonly json: string; readonly svg: string },
): Promise<void> {
  const json = {
    workload: { ...workload, sentPerSecond: rounded(1_000 / workload.everyMs) },
    contenders: outage.map((result) => ({
      ...facts(result),
      name: result.name,
      idealDrainSeconds: rounded(result.idealDrainSeconds),
      healthyPerSecond: rounded(result.healthyPerSecond),
      capacityPerSecond: rounded(result.capacityPerSecond),
    })),
    trickle: trickle.map((result) => ({ name: result.name, ...facts(result) })),
    remarks,
    acceptance: verdicts,
  };
  await write(files.json, `${JSON.stringify(json, null, 2)}\n`);
  if (outage.length > 0) {
    await write(files.svg, drawChart(outage, workload));
    console.table(json.contenders.map(outageRow));
  }
  if (trickle.length > 0) console.table(json.trickle.map(trickleRow));
  for (const remark of remarks) console.log(remark);
  console.table(verdicts);
}

/** A measurement as it goes into the JSON: without the timeline, which is drawn. */
function facts({ timeline: _timeline, ...measurement }: Measurement): Omit<Measurement, 'timeline'> {
  const { drainSeconds, openSecondsLeft } = measurement;
  return { ...measurement, drainSeconds: rounded(drainSeconds), openSecondsLeft: rounded(openSecondsLeft) };
}

function outageRow(
  result: Pick<OutageResult, 'name' | 'idealDrainSeconds' | 'healthyPerSecond'> &
    Omit<Measurement, 'timeline'>,
): Record<string, string | number> {
  return {
    contender: result.name,
    handled: result.handled,
    'dead-lettered': result.deadLettered,
    'calls into it': result.callsDuringOutage,
    invocations: result.invocationsDuringOutage,
    controller: result.controllerInvocationsDuringOutage,
    DynamoDB: result.dynamodbRequests,
    SQS: result.sqsRequests,
    'drain s': result.drainSeconds,
    'ideal s': result.idealDrainSeconds,
    'effects twice': result.duplicateEffects,
    'healthy /s': Math.round(result.healthyPerSecond),
  };
}

function trickleRow(
  result: Pick<TrickleResult, 'name'> & Omit<Measurement, 'timeline'>,
): Record<string, string | number> {
  return {
    contender: result.name,
    handled: result.handled,
    'dead-lettered': result.deadLettered,
    'calls into it': result.callsDuringOutage,
    invocations: result.invocationsDuringOutage,
    'circuit opened': result.circuitOpened,
    'effects twice': result.duplicateEffects,
  };
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
