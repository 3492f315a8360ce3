import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { resilientConsumer, type SqsEventRecord } from 'spillway/runtime';
import * as z from 'zod';
import { OBSERVABILITY_LEVELS, type Observability } from '../lambdas/core/metric-names.ts';
import { median } from './statistics.ts';

/** Many short rounds: what a machine does beside this lasts longer than one, and so takes part in each level. */
const ROUNDS = 120;
/** Invocations of a level in a round, and messages in each: the default batch of an event source. */
const INVOCATIONS = 8;
const BATCH = 10;
/** Rounds that come before those that count. */
const WARM_UP = 12;
/** All orders of the levels: none always comes after the same other, whose garbage it would have to collect. */
const ORDERS: readonly (readonly Observability[])[] = [
  ['off', 'essential', 'full'],
  ['full', 'essential', 'off'],
  ['essential', 'off', 'full'],
  ['full', 'off', 'essential'],
  ['essential', 'full', 'off'],
  ['off', 'full', 'essential'],
];
/** What all metrics may cost of the throughput without any. */
const ALLOWED_SHARE = 0.05;
/** The names of the circuits that each message is handled through. */
const CIRCUITS = ['tracker', 'mailer'] as const;
const TABLE = 'state';
const INVOCATION_MS = 30_000;

type Handler = ReturnType<typeof consumerOf>;

/** What is written to standard output, lines of metrics above all. */
interface Output {
  readonly lines: () => number;
  restore(): void;
}

/**
 * What metrics cost a consumer that is well: batches of ten messages through the whole runtime (screening, two circuits
 * with time-out and retry, idempotency in the state table, which is dynalite in a process of its own), once for each
 * level. The levels take turns in every round, in changing order; each is compared with `off` of the same round, and the
 * median round counts. What is written goes to the null device by a write of its own each, as on Lambda to a pipe.
 */
export async function run(): Promise<boolean> {
  const store = fork(join(import.meta.dirname, 'dynalite-process.ts'));
  const [told] = await once(store, 'message');
  const { url } = z.object({ url: z.string() }).parse(told);
  const client = new DynamoDBClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    endpoint: url,
  });
  try {
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    return await report(await measured(client));
  } finally {
    client.destroy();
    store.disconnect();
  }
}

/** Messages a second of each level, round by round. */
type Rates = ReadonlyMap<Observability, readonly number[]>;

async function measured(client: DynamoDBClient): Promise<Rates> {
  const rates = new Map(OBSERVABILITY_LEVELS.map((level) => [level, [] as number[]]));
  const handlers = new Map(OBSERVABILITY_LEVELS.map((level) => [level, consumerOf(level, client)]));
  for (let round = 1; round <= WARM_UP + ROUNDS; round += 1) {
    for (const level of ORDERS[round % ORDERS.length] ?? []) {
      const handler = handlers.get(level);
      if (handler === undefined) continue;
      const { rate, lines } = await drained(handler);
      // The figures mean nothing unless the metrics were written.
      if (level === 'off' ? lines > 0 : lines < INVOCATIONS) throw new Error(`${level}: ${lines} lines`);
      if (round > WARM_UP) rates.get(level)?.push(rate);
    }
  }
  return rates;
}

let sent = 0;

/** Messages a second of so many invocations, one after the other. */
async function drained(handler: Handler): Promise<{ readonly rate: number; readonly lines: number }> {
  const output = toNullDevice();
  try {
    const start = performance.now();
    for (let at = 0; at < INVOCATIONS; at += 1) {
      const Records = Array.from({ length: BATCH }, recordOf);
      const { batchItemFailures } = await handler(
        { Records },
        { getRemainingTimeInMillis: () => INVOCATION_MS },
      );
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages were put back`);
    }
    const rate = (INVOCATIONS * BATCH * 1_000) / (performance.now() - start);
    return { rate, lines: output.lines() };
  } finally {
    output.restore();
  }
}

function consumerOf(observability: Observability, dynamodb: DynamoDBClient) {
  const queueOf = (name: string) => ({ url: `http://127.0.0.1:1/000000000000/${name}` });
  return resilientConsumer({
    schema: z.object({ orderId: z.string(), items: z.array(z.number()) }),
    idempotencyKey: ({ orderId }) => orderId,
    circuits: CIRCUITS,
    clients: { dynamodb },
    settings: {
      consumerId: `orders-${observability}`,
      stateTable: TABLE,
      observability,
      queue: queueOf('orders'),
      deadLetterQueue: queueOf('orders-dlq'),
      quarantineQueue: queueOf('orders-quarantine'),
      circuits: Object.fromEntries(
        CIRCUITS.map((name) => [name, { timeoutMs: 2_000, retry: { attempts: 3 } }]),
      ),
    },
    async handle(order, { circuit }) {
      for (const name of CIRCUITS) await circuit(name).call(async (signal) => signal.aborted || order.items);
    },
  });
}

function recordOf(): SqsEventRecord {
  sent += 1;
  return {
    messageId: `message-${sent}`,
    receiptHandle: `receipt-${sent}`,
    body: JSON.stringify({ orderId: `order-${sent}`, items: [1, 2, 3] }),
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
    messageAttributes: {},
  };
}

function toNullDevice(): Output {
  const descriptor = openSync(devNull, 'w');
  const { write } = process.stdout;
  let lines = 0;
  process.stdout.write = (chunk: string | Uint8Array) => {
    const text = String(chunk);
    writeSync(descriptor, text);
    lines += text.split('\n').length - 1;
    return true;
  };
  return {
    lines: () => lines,
    restore() {
      process.stdout.write = write;
      closeSync(descriptor);
    },
  };
}

async function report(rates: Rates): Promise<boolean> {
  const off = rates.get('off') ?? [];
  const cases = OBSERVABILITY_LEVELS.map((level) => {
    const own = rates.get(level) ?? [];
    const costs = own.map((rate, round) => 1 - rate / (off[round] ?? Number.NaN));
    return {
      level,
      messagesPerSecond: Math.round(median(own)),
      costPercent: Math.round(median(costs) * 1_000) / 10,
    };
  });
  const allowedPercent = ALLOWED_SHARE * 100;
  const result = { rounds: ROUNDS, messagesPerRound: INVOCATIONS * BATCH, allowedPercent, cases };
  await mkdir('out', { recursive: true });
  await writeFile('out/bench-metrics.json', `${JSON.stringify(result, null, 2)}\n`);
  console.table(cases);
  const { costPercent = Number.NaN } = cases.find(({ level }) => level === 'full') ?? {};
  console.log(`all metrics cost ${costPercent} % of the throughput, ${allowedPercent} % are allowed`);
  return costPercent <= allowedPercent;
}
