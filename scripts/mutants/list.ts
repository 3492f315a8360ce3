import { ADAPTER_MUTANTS } from './adapters.ts';
import { ALARM_MUTANTS } from './alarms.ts';
import { BULKHEAD_MUTANTS } from './bulkhead.ts';
import { CALL_POLICY_MUTANTS } from './call-policies.ts';
import { CIRCUIT_MUTANTS } from './circuit.ts';
import { CLOUDWATCH_MUTANTS } from './cloudwatch.ts';
import { CONFIGURATION_MUTANTS } from './configuration.ts';
import { DASHBOARD_MUTANTS } from './dashboard.ts';
import { HEALTH_MUTANTS } from './health.ts';
import { INTAKE_CONTROLLER_MUTANTS } from './intake-controller.ts';
import { INTAKE_GATE_MUTANTS } from './intake-gate.ts';
import { LANE_MUTANTS } from './lanes.ts';
import { MESSAGE_PATH_MUTANTS } from './message-path.ts';
import { METRIC_MUTANTS } from './metrics.ts';
import type { Mutant } from './mutant.ts';
import { PAGE_MUTANTS } from './page.ts';
import { POLICY_MUTANTS } from './policies.ts';
import { RATE_LIMITER_MUTANTS } from './rate-limiter.ts';
import { SCREENING_MUTANTS } from './screening.ts';
import { TRACING_MUTANTS } from './tracing.ts';

/** All mutants. */
export const MUTANTS: readonly Mutant[] = [
  ...MESSAGE_PATH_MUTANTS,
  ...ADAPTER_MUTANTS,
  ...SCREENING_MUTANTS,
  ...CIRCUIT_MUTANTS,
  ...INTAKE_CONTROLLER_MUTANTS,
  ...INTAKE_GATE_MUTANTS,
  ...BULKHEAD_MUTANTS,
  ...LANE_MUTANTS,
  ...RATE_LIMITER_MUTANTS,
  ...CALL_POLICY_MUTANTS,
  ...POLICY_MUTANTS,
  ...CONFIGURATION_MUTANTS,
  ...METRIC_MUTANTS,
  ...CLOUDWATCH_MUTANTS,
  ...ALARM_MUTANTS,
  ...DASHBOARD_MUTANTS,
  ...HEALTH_MUTANTS,
  ...TRACING_MUTANTS,
  ...PAGE_MUTANTS,
];
