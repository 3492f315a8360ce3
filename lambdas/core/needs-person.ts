import type { DeferralCause, PipelineEvent } from './events.ts';

/** Watches a consumer for what no retry mends and no open circuit explains. */
export interface NeedsPerson {
  hear(event: PipelineEvent): void;
  /** Whether something needs a person: of what is over with the invocation, since the last time this was asked. */
  ask(): boolean;
}

/** Why a message is put back though waiting mends nothing. */
const OF_PERSONS: ReadonlySet<DeferralCause> = new Set(['misconfigured', 'internal-error', 'held', 'halted']);

/**
 * Watch a consumer for what needs a person: SQS refuses a settlement, a message cannot be handled for a fault of the
 * deployment or of Spillway, the intake is held (the controller says so, too, but not every consumer has one), the last
 * look at the run-time configuration found one that is refused, idempotency is switched off. The first three are over
 * with the invocation that met them, unless the next one meets them again; a refused configuration holds until a good one
 * is seen, and idempotency stays off as long as the environment lives.
 */
export function needsPerson(): NeedsPerson {
  let met = false;
  let refused = false;
  let unprotected = false;
  return {
    hear(event) {
      switch (event.kind) {
        case 'settlement-error':
        case 'kill-switch':
        case 'halted':
          met = true;
          break;
        case 'deferred':
          if (OF_PERSONS.has(event.cause)) met = true;
          break;
        case 'configuration-refused':
          refused = true;
          break;
        case 'configuration-applied':
        case 'configuration-unchanged':
          refused = false;
          break;
        case 'idempotency-disabled':
          unprotected = true;
          break;
        default:
          break;
      }
    },
    ask() {
      const answer = met || refused || unprotected;
      met = false;
      return answer;
    },
  };
}
