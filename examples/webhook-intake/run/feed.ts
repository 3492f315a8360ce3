import { setTimeout as sleep } from 'node:timers/promises';
import { DELIVERY_ATTRIBUTE, EVENT_ATTRIBUTE, SIGNATURE_ATTRIBUTE } from '../headers.ts';
import type { Delivery } from './deliveries.ts';

/** Senders at work at the same time, and the pause of each between two deliveries. */
const SENDERS = 4;
const PAUSE_MS = 60;

/**
 * Send deliveries to the intake, as GitHub does.
 *
 * @throws if the intake does not accept one
 */
export async function feed(
  url: string,
  deliveries: readonly Delivery[],
  onSent: (delivery: Delivery) => void,
): Promise<void> {
  const remaining = deliveries.values();
  const sender = async (): Promise<void> => {
    for (const delivery of remaining) {
      await send(url, delivery);
      onSent(delivery);
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

async function send(url: string, { id, event, body, signature }: Delivery): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [DELIVERY_ATTRIBUTE]: id,
      [EVENT_ATTRIBUTE]: event,
      [SIGNATURE_ATTRIBUTE]: signature,
    },
    body,
  });
  if (response.status !== 202)
    throw new Error(`the intake answered ${id} with ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}
