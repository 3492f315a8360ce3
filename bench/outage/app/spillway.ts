import { expectOk, resilientConsumer } from 'spillway/runtime';
import * as z from 'zod';
import { postEffect } from './call-tracker.ts';

export const handler = resilientConsumer({
  schema: z.object({ id: z.string() }),
  circuits: ['tracker'],
  idempotencyKey: ({ id }) => id,
  handle: async ({ id }, ctx) => {
    await ctx.circuit('tracker').call(async (signal) => expectOk(await postEffect(id, signal)));
  },
});
