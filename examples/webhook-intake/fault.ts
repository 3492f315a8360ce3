import * as z from 'zod';

/** What ails the tracker. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('healthy') }),
  /** Every answer takes this long. */
  z.object({ kind: z.literal('latency'), ms: z.number().int().min(0).max(60_000) }),
  /** This share of the calls is answered with HTTP 500. */
  z.object({ kind: z.literal('errors'), share: z.number().min(0).max(1) }),
  /** Every call is answered with HTTP 429. */
  z.object({ kind: z.literal('throttled'), retryAfterSeconds: z.number().int().min(0).max(3_600) }),
  /** Every call is answered with HTTP 503. */
  z.object({ kind: z.literal('down') }),
]);

/** What ails the tracker. */
export type Fault = z.infer<typeof faultSchema>;

/** Nothing does. */
export const HEALTHY: Fault = { kind: 'healthy' };
