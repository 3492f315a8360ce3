import {
  type ConsumerSettings,
  type HandlerContext,
  resilientConsumer,
  type SettingsInput,
  type SqsHandler,
} from 'spillway/runtime';
import { testSettings } from 'spillway/testing';
import * as z from 'zod';

const orderSchema = z.object({ id: z.string() });
export type Order = z.infer<typeof orderSchema>;

/** Fixed back-off, so that delays can be told. */
export const BACKOFF = { kind: 'fixed', firstDelayMs: 5_000 } as const;

/** A consumer of orders. */
export function orders(
  handle: (order: Order, context: HandlerContext) => unknown = () => undefined,
  settings: SettingsInput<ConsumerSettings> = {},
): SqsHandler {
  return resilientConsumer({
    schema: orderSchema,
    idempotencyKey: (order) => order.id,
    handle,
    settings: testSettings({ backoff: BACKOFF, ...settings }),
  });
}

/** Error of a dependency that is down. */
export function outage(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}
