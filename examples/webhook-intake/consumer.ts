import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { expectOk, resilientConsumer } from 'spillway/runtime';
import { deliveryKey, deliverySchema } from './delivery.ts';
import { required } from './environment.ts';
import { EVENT_ATTRIBUTE } from './headers.ts';

const TRACKER_URL = required('TRACKER_URL');
const TRACKER_TOKEN = required('TRACKER_TOKEN_SECRET');

/** Forward each webhook delivery to the tracker, once. */
export const handler = resilientConsumer({
  schema: deliverySchema,
  circuits: ['tracker'],
  idempotencyKey: (_activity, { attributes, text }) => deliveryKey(attributes[EVENT_ATTRIBUTE] ?? '', text),
  handle: async (activity, ctx) => {
    const token = await getSecret(TRACKER_TOKEN, { maxAge: 300 });
    await ctx.circuit('tracker').call(async (signal) => {
      const response = await fetch(new URL('/activities', TRACKER_URL), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': ctx.idempotencyKey,
        },
        body: JSON.stringify({ ...activity, event: ctx.message.attributes[EVENT_ATTRIBUTE] }),
        signal,
      });
      await expectOk(response);
    });
  },
});
