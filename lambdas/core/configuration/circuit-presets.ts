/** Circuits for three tempers: what `CircuitPreset` of the constructs and `preset` of configuration files stand for. */
export const CIRCUIT_PRESETS = {
  /** Opens after 5 failures for 60 s, closes after 2 successes. */
  default: { failureThreshold: 5, successThreshold: 2, openFor: 60_000 },
  /** For a dependency that hiccups: opens after 10 failures for 120 s, closes after 5 successes. */
  conservative: { failureThreshold: 10, successThreshold: 5, openFor: 120_000 },
  /** For one that must be spared at the first sign: opens after 3 failures for 30 s, closes after 1 success. */
  aggressive: { failureThreshold: 3, successThreshold: 1, openFor: 30_000 },
} as const;
