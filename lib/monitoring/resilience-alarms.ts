export interface ResilienceAlarmsOptions {
  readonly x?: number;
}
