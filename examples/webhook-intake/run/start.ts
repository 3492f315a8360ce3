import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { type LocalStack, startLocalStack } from 'spillway/local';
import { synthesize } from '../../synthesize.ts';
import type { Fault } from '../fault.ts';
import { type Account, account, type PhysicalQueues } from './account.ts';
import { type Delivery, deliveries, seededRandom } from './deliveries.ts';
import { emfCounter } from './emf-counter.ts';
import { feed } from './feed.ts';
import { completed, ledgerOf } from './ledger.ts';
import { narrate } from './narrator.ts';
import { runOptions } from './options.ts';
import { Progress } from './progress.ts';
import { complaints, type RunResult, table } from './report.ts';

const STACK = 'WebhookIntake';
const SIGNING_SECRET = 'a secret that GitHub and we share';

/** At least five times the longest back-off of the demonstration's pace (2 s). */
const OUTAGE_MS = 12_000;

/** How long the rest may take once everything was sent. */
const DRAIN_MS = 90_000;
const LOOK_MS = 250;

let round = 0;
let outageUnderWay = false;

const options = runOptions(process.argv.slice(2));
const progress = new Progress(process.stdout.isTTY);
const counter = emfCounter();
/** Each run has its own, so that two may run at the same time. */
const assembly = mkdtempSync(join(tmpdir(), 'spillway-example-'));
process.once('exit', () => rmSync(assembly, { recursive: true, force: true }));

progress.say('Synthesizing the stack');
await synthesize('bin/app.ts', assembly, { pace: 'demo' });
progress.say('Deploying it to local emulators');
const stack = await startLocalStack({
  assembly,
  isolate: options.isolate,
  timeScale: options.timeScale,
  page: options.page && { port: options.port },
  secrets: { [`${STACK}/SigningSecret`]: SIGNING_SECRET },
  environment: options.withoutIdempotency
    ? { [`${STACK}/Forwarder/Function`]: { POWERTOOLS_IDEMPOTENCY_DISABLED: 'true' } }
    : {},
  onLog({ text }) {
    counter.take(text);
    const told = narrate(text);
    if (told !== undefined) progress.say(`  ${told}`);
  },
  onWarning: (warning) => progress.say(`Warning: ${warning}`),
});
if (stack.pageUrl !== undefined) progress.say(`Dashboards and alarms, live: ${stack.pageUrl}`);
const output = stack.outputs[STACK] ?? {};
const queues: PhysicalQueues = {
  source: stack.queue(output.QueueUrl ?? ''),
  deadLetter: stack.queue(output.DeadLetterQueueUrl ?? ''),
  quarantine: stack.queue(output.QuarantineQueueUrl ?? ''),
};
const readLedger = ledgerOf(stack, output.LedgerTable ?? '');
const tracker = stack.function(output.TrackerFunction ?? '');

const { result, taken } = await runOnce(stack);
await mkdir(dirname(options.json), { recursive: true });
await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
const wrong = complaints(result, taken);
process.stdout.write(`\n${table(result)}\n\n`);
for (const complaint of wrong) process.stdout.write(`${styleText('red', 'not well:')} ${complaint}\n`);
if (wrong.length === 0)
  process.stdout.write(
    `${styleText('green', 'all is well:')} every message is accounted for, no effect happened twice\n`,
  );
const ringing = stack.cloudwatch.alarms.filter(({ state }) => state === 'ALARM');
if (ringing.length > 0) {
  const ids = ringing.map(({ constructPath }) => constructPath.replace(/.*\/Alarms\/|\/Resource$/g, ''));
  process.stdout.write(
    `alarms that are on, in a time that runs ${options.timeScale} times as fast: ${ids.join(', ')}\n`,
  );
}
process.stdout.write(`Written to ${options.json}\n`);
if (!options.once) await stayUp(stack);
await stack.stop();
process.exitCode = wrong.length === 0 ? 0 : 1;

/** Feed a third while all is well, a third while the tracker is down, and a third after it came back. */
async function runOnce({ function: functionOf }: LocalStack): Promise<{ result: RunResult; taken: Account }> {
  const all = deliveries(SIGNING_SECRET, seededRandom(options.seed));
  const third = Math.ceil(all.length / 3);
  const intakeUrl = output.IntakeUrl ?? functionOf(`${STACK}/Intake`).url ?? '';
  const sent: Delivery[] = [];
  const send = (from: number, to: number): Promise<void> =>
    feed(intakeUrl, all.slice(from, to), (each) => sent.push(each));
  const startedAt = Date.now();
  const stopShowing = progress.show(async () => {
    const [calls, waiting, quarantined, dead] = await Promise.all([
      readLedger(),
      queues.source.counts(),
      queues.quarantine.counts(),
      queues.deadLetter.counts(),
    ]);
    return {
      sent: sent.length,
      handled: new Set(calls.filter(completed).map(({ idempotencyKey }) => idempotencyKey)).size,
      waiting: waiting.visible + waiting.inFlight + waiting.delayed,
      quarantined: quarantined.visible,
      deadLettered: dead.visible,
    };
  });

  progress.say(`Sending ${all.length} deliveries`);
  await send(0, third);
  await setFault({ kind: 'down' });
  const outage = { from: Date.now(), to: 0 };
  progress.say('The tracker is down');
  await Promise.all([send(third, 2 * third), sleep(OUTAGE_MS)]);
  await setFault({ kind: 'healthy' });
  outage.to = Date.now();
  progress.say('The tracker is back');
  await send(2 * third, all.length);
  progress.say('Everything is sent; waiting for the rest');
  await drained();
  const endedAt = Date.now();
  await stopShowing();

  const calls = await readLedger();
  const taken = await account(sent, calls, queues);
  const { misplaced: _misplaced, ...counts } = taken;
  const result: RunResult = {
    ...counts,
    deferred: counter.sum('Deferred'),
    retried: counter.sum('Retried'),
    outageSeconds: seconds(outage.to - outage.from),
    callsDuringOutage: calls.filter(({ at }) => at >= outage.from && at < outage.to).length,
    seconds: seconds(endedAt - startedAt),
  };
  return { result, taken };
}

async function setFault(fault: Fault): Promise<void> {
  const { error } = await tracker.invoke({ fault });
  if (error !== undefined) throw new Error(`the tracker refused the fault: ${error.errorMessage}`);
}

/** Until the source queue is empty; a run that does not get there is judged by what it has reached. */
async function drained(): Promise<void> {
  const deadline = Date.now() + DRAIN_MS;
  while (Date.now() < deadline) {
    const { visible, inFlight, delayed } = await queues.source.counts();
    if (visible + inFlight + delayed === 0) return;
    await sleep(LOOK_MS);
  }
  progress.say(`The queue is not empty after ${seconds(DRAIN_MS)} s`);
}

async function stayUp({ endpoints, pageUrl }: LocalStack): Promise<void> {
  const faults = `${endpoints.lambda}/2015-03-31/functions/${output.TrackerFunction}/invocations`;
  const lines = [
    'The stack stays up; Ctrl-C ends it. Enter takes the tracker down once more, and sends it work.',
    ...(pageUrl === undefined ? [] : [`  dashboards   ${pageUrl}`]),
    `  intake       ${output.IntakeUrl}`,
    `  SQS          ${endpoints.sqs}`,
    `  DynamoDB     ${endpoints.dynamodb}`,
    `  Lambda       ${endpoints.lambda}`,
    `  CloudWatch   ${endpoints.cloudwatch}`,
    `  queue        ${queues.source.url}`,
    `  dead letters ${queues.deadLetter.url}`,
    `  quarantine   ${queues.quarantine.url}`,
    'Look at what was set aside, with the AWS CLI:',
    `  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws sqs receive-message --region us-east-1 --endpoint-url ${endpoints.sqs} --queue-url ${queues.quarantine.url} --message-attribute-names All --visibility-timeout 1`,
    'Take the tracker down for as long as you like; {"kind":"healthy"} brings it back:',
    `  curl -d '{"fault":{"kind":"down"}}' ${faults}`,
  ];
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.stdin.on('data', () => void anotherOutage());
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  process.stdin.destroy();
  process.stdout.write('\nStopping.\n');
}

/** Another outage with a third of the deliveries, as new messages and without poison; one at a time. */
async function anotherOutage(): Promise<void> {
  if (outageUnderWay) return;
  outageUnderWay = true;
  round += 1;
  const all = deliveries(SIGNING_SECRET, seededRandom(options.seed + round), round);
  const good = all.filter(({ expected }) => expected === 'handled');
  await setFault({ kind: 'down' });
  progress.say('The tracker is down');
  const sent = feed(output.IntakeUrl ?? '', good.slice(0, Math.ceil(good.length / 3)), () => {});
  await Promise.all([sent, sleep(OUTAGE_MS)]);
  await setFault({ kind: 'healthy' });
  progress.say('The tracker is back');
  outageUnderWay = false;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
