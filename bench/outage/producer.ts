import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Deployment } from './deployment.ts';
import { messageKey } from './workloads.ts';

const ENTRIES = 10;

/** Send messages of the given numbers, in as few requests as possible. Returns how many requests it took. */
export async function send(
  { sqs, queue }: Deployment,
  numbers: readonly number[],
  keyOf = messageKey,
): Promise<number> {
  let requests = 0;
  for (let from = 0; from < numbers.length; from += ENTRIES) {
    const Entries = numbers
      .slice(from, from + ENTRIES)
      .map((at) => ({ Id: String(at), MessageBody: JSON.stringify({ id: keyOf(at) }) }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));
    if (Failed.length > 0) throw new Error(`${Failed.length} messages could not be sent`);
    requests += 1;
  }
  return requests;
}

/** Send messages one by one, each at its time; what is late is sent together. Returns how many requests it took. */
export async function sendSteadily(
  deployment: Deployment,
  { messages, everyMs }: { readonly messages: number; readonly everyMs: number },
  onSent: (sent: number) => void,
): Promise<number> {
  const start = performance.now();
  let sent = 0;
  let requests = 0;
  while (sent < messages) {
    const waitMs = sent * everyMs - (performance.now() - start);
    if (waitMs > 0) await sleep(waitMs);
    const due = Math.min(messages, Math.floor((performance.now() - start) / everyMs) + 1);
    requests += await send(
      deployment,
      Array.from({ length: due - sent }, (_each, at) => sent + at),
    );
    sent = Math.max(sent, due);
    onSent(sent);
  }
  return requests;
}
