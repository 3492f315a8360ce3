import { ADAPTER_MUTANTS } from './adapters.ts';
import { CIRCUIT_MUTANTS } from './circuit.ts';
import { CONFIGURATION_MUTANTS } from './configuration.ts';
import { INTAKE_CONTROLLER_MUTANTS } from './intake-controller.ts';
import { INTAKE_GATE_MUTANTS } from './intake-gate.ts';
import { MESSAGE_PATH_MUTANTS } from './message-path.ts';
import type { Mutant } from './mutant.ts';
import { SCREENING_MUTANTS } from './screening.ts';

/** All mutants. */
export const MUTANTS: readonly Mutant[] = [
  ...MESSAGE_PATH_MUTANTS,
  ...ADAPTER_MUTANTS,
  ...SCREENING_MUTANTS,
  ...CIRCUIT_MUTANTS,
  ...INTAKE_CONTROLLER_MUTANTS,
  ...INTAKE_GATE_MUTANTS,
  ...CONFIGURATION_MUTANTS,
];
