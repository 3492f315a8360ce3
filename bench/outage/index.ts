import { judge, type OutageResult, remarksOn, type TrickleResult } from './acceptance.ts';
import type { ContenderName } from './contenders.ts';
import { deployContender } from './deployment.ts';
import { measureHealthy } from './measure-healthy.ts';
import { measureWorkload } from './measure-workload.ts';
import { outageOptions } from './options.ts';
import { progress } from './progress.ts';
import { report } from './report.ts';
import { measureCapacity, startTracker } from './tracker.ts';
import { outageWorkload, trickleWorkload, type Workload } from './workloads.ts';

/**
 * Spillway against other consumers, on the same messages, while their dependency is down: see docs/benchmarks.md. In the
 * outage they take turns, so that each has the machine to itself; in the trickle there is next to nothing to do, and
 * they run at the same time.
 */
export async function run(args: readonly string[]): Promise<boolean> {
  const options = outageOptions(args);
  const workload = outageWorkload(options.messages, options.seconds);
  const outage: OutageResult[] = [];
  if (options.workloads.includes('outage')) {
    for (const name of options.contenders) outage.push(await runOutage(name, workload));
  }
  const trickle = options.workloads.includes('trickle')
    ? await Promise.all(options.contenders.map((name) => runTrickle(name)))
    : [];
  const verdicts = judge(outage, trickle);
  await report({ outage, trickle, verdicts, remarks: remarksOn(outage), workload }, options);
  return verdicts.every(({ holds }) => holds);
}

async function runOutage(name: ContenderName, workload: Workload): Promise<OutageResult> {
  const tracker = await startTracker();
  try {
    const capacityPerSecond = await measureCapacity(tracker);
    const deployment = await deployContender(name, workload.scale, tracker.url);
    try {
      progress(name, `deployed; the dependency serves ${capacityPerSecond.toFixed(0)} calls a second`);
      const healthyPerSecond = await measureHealthy(deployment, tracker);
      progress(name, `handles ${healthyPerSecond.toFixed(0)} messages a second while all is well`);
      const measurement = await measureWorkload(deployment, tracker, workload);
      const { openSecondsLeft, backlog } = measurement;
      const idealDrainSeconds = openSecondsLeft + backlog / capacityPerSecond;
      progress(
        name,
        `the ideal was ${idealDrainSeconds.toFixed(1)} s, ${openSecondsLeft.toFixed(1)} s of them still open`,
      );
      return { name, healthyPerSecond, capacityPerSecond, idealDrainSeconds, ...measurement };
    } finally {
      await deployment.stop();
    }
  } finally {
    tracker.stop();
  }
}

async function runTrickle(name: ContenderName): Promise<TrickleResult> {
  const tracker = await startTracker();
  try {
    const deployment = await deployContender(name, trickleWorkload.scale, tracker.url);
    try {
      progress(name, 'deployed; a message a minute, sixty times faster');
      return { name, ...(await measureWorkload(deployment, tracker, trickleWorkload)) };
    } finally {
      await deployment.stop();
    }
  } finally {
    tracker.stop();
  }
}
