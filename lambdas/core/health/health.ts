/** How a component is, best first. */
export const HEALTH_STATUSES = ['HEALTHY', 'DEGRADED', 'UNHEALTHY'] as const;

/**
 * How a component is. `HEALTHY`: as it should be. `DEGRADED`: something is wrong and is being handled, or nobody can tell.
 * `UNHEALTHY`: it does not do its work, and will not by itself.
 */
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** What was found of a component. */
export interface HealthFinding {
  readonly status: HealthStatus;
  /** Why, in a sentence for people. It holds no message of an error and no payload. */
  readonly reason: string;
  /** Since when, where the source knows. Epoch milliseconds. */
  readonly sinceEpochMs?: number;
  /** Whether it may have begun before {@link sinceEpochMs}: then what is remembered of earlier checks counts as well. */
  readonly atLatest?: boolean;
}

/** A component, and what was found of it. */
export interface CheckedComponent extends HealthFinding {
  readonly name: string;
  /** Whether the whole is not ready while this is UNHEALTHY. */
  readonly critical: boolean;
  /** When it was looked at. Epoch milliseconds. */
  readonly checkedAtEpochMs: number;
}

/** How a component is, and since when. */
export interface ComponentHealth {
  /** Such as `state-table`, `circuit/tracker`, `orders/queue`, or the name of a check of your own. */
  readonly name: string;
  readonly status: HealthStatus;
  /** Whether the whole is not ready while this is UNHEALTHY. */
  readonly critical: boolean;
  /** Why, in a sentence for people. */
  readonly reason: string;
  /** When it was looked at last; answers are good for a while. Epoch milliseconds. */
  readonly checkedAtEpochMs: number;
  /** Since when it has this status, as far as the source knows, or this environment remembers. Epoch milliseconds. */
  readonly sinceEpochMs: number;
}

/** Answer of a health check. */
export interface HealthReport {
  readonly check: 'liveness' | 'readiness';
  /** UNHEALTHY where a critical component is; else DEGRADED where any is not HEALTHY. */
  readonly status: HealthStatus;
  /** Whether it serves: no critical component is UNHEALTHY. */
  readonly up: boolean;
  /** When it was put together. Epoch milliseconds. */
  readonly checkedAtEpochMs: number;
  /** Those that are not HEALTHY come first, the worst of them before the others. Empty for liveness. */
  readonly components: readonly ComponentHealth[];
}

/** Put a report together: up while no critical component is UNHEALTHY, and DEGRADED while anything is not HEALTHY. */
export function reportOf(components: readonly ComponentHealth[], now: number): HealthReport {
  const up = !components.some(({ critical, status }) => critical && status === 'UNHEALTHY');
  const well = components.every(({ status }) => status === 'HEALTHY');
  const status = up ? (well ? 'HEALTHY' : 'DEGRADED') : 'UNHEALTHY';
  return {
    check: 'readiness',
    status,
    up,
    checkedAtEpochMs: now,
    components: [...components].sort(worstFirst),
  };
}

function worstFirst(one: ComponentHealth, other: ComponentHealth): number {
  return HEALTH_STATUSES.indexOf(other.status) - HEALTH_STATUSES.indexOf(one.status);
}

/** Remembers since when components have been as they are. */
export interface SinceMemory {
  /** The component with its beginning, and remember it. */
  settle(component: CheckedComponent, now: number): ComponentHealth;
}

/**
 * Make a memory of one environment. What the source of a finding knows wins: it has seen what happened between two
 * checks. Without its word, a status has lasted since it was first found.
 */
export function sinceMemory(): SinceMemory {
  const known = new Map<string, { readonly status: HealthStatus; readonly since: number }>();
  return {
    settle({ sinceEpochMs, atLatest = false, ...component }, now) {
      const { name, status } = component;
      const before = known.get(name);
      const remembered = before?.status === status ? before.since : undefined;
      // No clock but ours: one that is ahead has not seen the future.
      const told = sinceEpochMs === undefined ? undefined : Math.min(sinceEpochMs, now);
      const since =
        told === undefined || (atLatest && remembered !== undefined)
          ? Math.min(told ?? now, remembered ?? now)
          : told;
      known.set(name, { status, since });
      return { ...component, sinceEpochMs: since };
    },
  };
}
