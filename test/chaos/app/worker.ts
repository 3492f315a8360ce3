import { request } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expectOk, PermanentError, resilientConsumer } from 'spillway/runtime';
import * as z from 'zod';

const { CONTROL_URL = '', SQS_PROXY_URL = '', DYNAMODB_PROXY_URL = '' } = process.env;

/** What the consumer keeps of the function's time for settling, and what timers are late or early by. Milliseconds. */
const SETTLING_MS = 1_500 + 100;

/** Messages that this environment is handling, by receipt handle. */
const handles = new Map<string, string>();
/** Time that the invocation has left, by the clock of the machine. Milliseconds. */
let remainingMs = (): number => 0;
const headers = { 'x-chaos-environment': String(process.pid) };
const skewMs = await hello();
const machineNow = Date.now;
// Everything that asks for the time gets the wrong one, Powertools' locks included.
Date.now = () => machineNow() + skewMs;

const sqs = new SQSClient({
  endpoint: SQS_PROXY_URL,
  useQueueUrlAsEndpoint: false,
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
});
const dynamodb = new DynamoDBClient({
  endpoint: DYNAMODB_PROXY_URL,
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true },
});
sqs.middlewareStack.add((next) => (call) => next(named(call)), { step: 'build' });
dynamodb.middlewareStack.add((next) => (call) => next(named(call)), { step: 'build' });

/** A call that says which environment makes it, and what it is about. */
function named<Call extends { readonly request: unknown; readonly input: object }>(call: Call): Call {
  const own = { ...headers, 'x-chaos-subjects': subjectsOf(call.input).join(',') };
  Object.assign(outgoingSchema.parse(call.request).headers, own);
  return call;
}

/** Receipt handles say nothing to whoever does not hold them, so their messages are named. */
function subjectsOf(input: unknown): readonly string[] {
  const entries = z.object({ Entries: z.array(z.object({ ReceiptHandle: z.string() })) }).safeParse(input);
  return entries.success
    ? entries.data.Entries.map(({ ReceiptHandle }) => handles.get(ReceiptHandle) ?? '')
    : [];
}

const outgoingSchema = z.custom<{ headers: Record<string, string> }>(
  (request) => typeof request === 'object' && request !== null && 'headers' in request,
);

const jobSchema = z.object({
  id: z.string(),
  does: z.enum(['good', 'refused', 'failing', 'hungry', 'spinning', 'exiting', 'deaf']),
});

const consumer = resilientConsumer({
  schema: jobSchema,
  circuits: ['tracker'],
  idempotencyKey: ({ id }) => id,
  clients: { sqs, dynamodb },
  handle: async ({ id, does }, ctx) => {
    if (does === 'refused') throw new PermanentError('this is never done', { reason: 'INVALID_DATA' });
    if (does === 'failing') throw new TypeError('this never works');
    if (does === 'hungry') exhaustMemory();
    if (does === 'spinning') for (;;) Math.random();
    if (does === 'exiting') process.exit(1);
    if (does === 'deaf') await new Promise(() => {});
    await ctx.circuit('tracker').call(async (signal) => {
      const stopTelling = tellTimeOut(id, signal);
      try {
        await expectOk(await fetch(new URL(`/call/${id}`, CONTROL_URL), { method: 'POST', headers, signal }));
      } finally {
        stopTelling();
      }
    });
  },
});

/** The consumer, and around it what tells the run which messages this environment holds. */
export const handler: typeof consumer = async (event, context) => {
  const held = event.Records.map(({ receiptHandle, messageId, messageAttributes }) => {
    const id = messageAttributes['chaos-id']?.stringValue ?? '';
    handles.set(receiptHandle, id);
    return { id, messageId, receiptHandle };
  });
  await tell('receive', held);
  // Lambda counts the time that is left by the clock of the same machine.
  remainingMs = () => context.getRemainingTimeInMillis() + skewMs;
  const response = await consumer(event, { ...context, getRemainingTimeInMillis: remainingMs });
  await tell('return', held);
  handles.clear();
  return response;
};

/**
 * Tell when a call is aborted. Whoever answered it cannot know: an answer that is on its way is not read any more. An
 * abort while there is time left is no time-out, and not told.
 */
function tellTimeOut(id: string, signal: AbortSignal): () => void {
  const aborted = (): void => {
    if (remainingMs() <= SETTLING_MS) tell('time-out', [{ id }]).catch(() => {});
  };
  signal.addEventListener('abort', aborted);
  return () => signal.removeEventListener('abort', aborted);
}

async function tell(step: string, held: readonly object[]): Promise<void> {
  const response = await fetch(new URL(`/${step}`, CONTROL_URL), {
    method: 'POST',
    headers,
    body: JSON.stringify(held),
  });
  await response.arrayBuffer();
}

/** Say that this environment has started. The connection stays open as long as it lives; the answer is its clock's skew. */
function hello(): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      new URL('/hello', CONTROL_URL),
      { method: 'POST', headers, agent: false },
      (response) => {
        response.setEncoding('utf8').once('data', (text: string) => resolve(Number(text)));
      },
    );
    call.once('error', reject);
    call.end();
  });
}

function exhaustMemory(): never {
  const hoard: string[][] = [];
  for (;;) hoard.push(Array.from({ length: 100_000 }, (_each, at) => `${at} of ${hoard.length}`));
}
