import * as z from 'zod';

/** An order, as the shop sends it. */
export const orderSchema = z.object({
  order_id: z.string().min(1),
  customer_id: z.string().min(1),
  items: z.array(z.object({ sku: z.string().min(1), quantity: z.number().int().positive() })).min(1),
  total_amount: z.number().nonnegative(),
});

/** An order. */
export type Order = z.infer<typeof orderSchema>;

/** All that an order needs to be told apart. The rest is the handler's to judge. */
export const anyOrderSchema = z.looseObject({ order_id: z.string().min(1) });
