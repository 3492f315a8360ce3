import type { IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

/** What an alarm is made of. It goes off above the threshold. */
export interface Watch {
  /** Id of the alarm's construct. */
  readonly id: string;
  /** Property that sets the threshold, for what is said of a wrong one. */
  readonly property: string;
  /** `false`: there is no such alarm. */
  readonly threshold: number | false;
  readonly metric: IMetric;
  readonly evaluationPeriods?: number;
  readonly datapointsToAlarm?: number;
  readonly missing: TreatMissingData;
  readonly description: string;
}
