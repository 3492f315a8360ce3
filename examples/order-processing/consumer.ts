import { expectOk, resilientConsumer } from 'spillway/runtime';
import { anyOrderSchema, orderSchema } from './order.ts';

const CUSTOMER_SERVICE_URL = process.env.CUSTOMER_SERVICE_URL ?? '';

/**
 * Confirm orders with the customer service.
 *
 * An order that is no order at all is poison and goes to quarantine. One that lacks something is somebody's mistake: the
 * handler's schema throws, and the order goes straight to the dead-letter queue as INVALID_DATA, where it can be
 * mended and replayed.
 */
export const handler = resilientConsumer({
  schema: anyOrderSchema,
  circuits: ['customer-service'],
  idempotencyKey: ({ order_id }) => order_id,
  handle: async (received, ctx) => {
    const { customer_id, ...order } = orderSchema.parse(received);
    const url = new URL(`/customers/${encodeURIComponent(customer_id)}/orders`, CUSTOMER_SERVICE_URL);
    await ctx.circuit('customer-service').call(async (signal) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': ctx.idempotencyKey };
      await expectOk(await fetch(url, { method: 'POST', headers, body: JSON.stringify(order), signal }));
    });
  },
});
