import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { DeferError, expectOk, resilientConsumer } from 'spillway/runtime';
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
    const token = await trackerToken();
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
      // After a rotation both sides learn of the new token within five minutes: no reason to give a delivery up.
      if (response.status === 401)
        throw new DeferError('the tracker refuses the token', { deferForMs: 60_000 });
      await expectOk(response);
    });
  },
});

/** That our own secret cannot be read is nobody's failed attempt. */
async function trackerToken(): Promise<string> {
  try {
    return String(await getSecret(TRACKER_TOKEN, { maxAge: 300 }));
  } catch (cause) {
    throw new DeferError('the token of the tracker cannot be read', { deferForMs: 30_000, cause });
  }
}
