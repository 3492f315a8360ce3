import type { HealthFinding } from './health.ts';
import { HEALTH_STATUSES, type HealthStatus } from './health.ts';
import { failureName } from './readings.ts';

/** What a check of one's own may find: nothing is wrong, or this is. */
export type OwnFinding =
  | undefined
  | {
      readonly status: HealthStatus;
      /** Why. It goes into the answer as it is. */
      readonly reason?: string;
      /** Since when, where it is known. Epoch milliseconds. */
      readonly sinceEpochMs?: number;
    };

/** A check of one's own. */
export interface OwnCheck {
  /**
   * Look. Returning nothing means HEALTHY, and a rejection UNHEALTHY; of its error the answer shows name and code, never
   * the message.
   *
   * @param signal aborts when nobody waits any longer
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: what an async function without a result returns
  readonly check: (signal: AbortSignal) => OwnFinding | Promise<OwnFinding | void>;
  /**
   * Whether the whole is not ready while this is UNHEALTHY.
   *
   * @default false
   */
  readonly critical?: boolean;
  /**
   * How long is waited for it; longer means UNHEALTHY. Milliseconds, 1 to the `timeoutMs` of the health check.
   *
   * @default - the `timeoutMs` of the health check
   */
  readonly timeoutMs?: number;
}

/** What a check of one's own came to. */
export function judgeOwn(found: unknown): HealthFinding {
  if (found === undefined || found === null) return { status: 'HEALTHY', reason: 'well' };
  const { status, reason, sinceEpochMs } = fieldsOf(found);
  const known = HEALTH_STATUSES.find((each) => each === status);
  if (known === undefined) {
    return { status: 'UNHEALTHY', reason: `the check returned no status of ${HEALTH_STATUSES.join(', ')}` };
  }
  return {
    status: known,
    reason: typeof reason === 'string' ? reason : known === 'HEALTHY' ? 'well' : 'the check says so',
    ...(typeof sinceEpochMs === 'number' && { sinceEpochMs }),
  };
}

/** A check of one's own that failed, or took too long: it asked what it was to ask, and this is the answer. */
export function judgeOwnFailure(error: unknown): HealthFinding {
  return { status: 'UNHEALTHY', reason: `the check failed: ${failureName(error)}` };
}

function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
