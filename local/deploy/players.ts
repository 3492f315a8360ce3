import { playConfigurationDeployment, playHostedConfiguration } from './app-config.ts';
import { playAlarm, playCompositeAlarm, playDashboard, warnOfUnknownAlarms } from './cloudwatch.ts';
import type { DeployContext, Player } from './context.ts';
import { playEventInvokeConfig, playEventSourceMapping, playUrl } from './function-links.ts';
import { playFunction } from './functions.ts';
import type { Model } from './model.ts';
import { nothingToRun } from './nothing-to-run.ts';
import { playParameter } from './parameters.ts';
import { playQueue } from './queues.ts';
import { playRule, playSchedule } from './schedules.ts';
import { playSecret } from './secrets.ts';
import { playTable } from './tables.ts';
import { playBucket, playSubscription, playTopic } from './topics.ts';

/** Who deploys what, in the order in which it is deployed: first what is referred to, then what refers. */
const PHASES: readonly Readonly<Record<string, Player>>[] = [
  {
    'AWS::SQS::Queue': playQueue,
    'AWS::DynamoDB::Table': playTable,
    'AWS::DynamoDB::GlobalTable': playTable,
    'AWS::SecretsManager::Secret': playSecret,
    'AWS::SSM::Parameter': playParameter,
    'AWS::AppConfig::HostedConfigurationVersion': playHostedConfiguration,
    'AWS::SNS::Topic': playTopic,
    'AWS::S3::Bucket': playBucket,
  },
  { 'AWS::Lambda::Function': playFunction, 'AWS::AppConfig::Deployment': playConfigurationDeployment },
  {
    'AWS::Lambda::Url': playUrl,
    'AWS::Lambda::EventSourceMapping': playEventSourceMapping,
    'AWS::Lambda::EventInvokeConfig': playEventInvokeConfig,
    'AWS::SNS::Subscription': playSubscription,
    'AWS::Events::Rule': playRule,
    'AWS::Scheduler::Schedule': playSchedule,
    'AWS::CloudWatch::Alarm': playAlarm,
    'AWS::CloudWatch::CompositeAlarm': playCompositeAlarm,
    'AWS::CloudWatch::Dashboard': playDashboard,
  },
];

/** Deploy every resource that can be played, and name every one that cannot. */
export async function deploy(model: Model, context: DeployContext): Promise<void> {
  for (const { type, constructPath } of model.resources) {
    const known = nothingToRun(type) !== undefined || PHASES.some((players) => type in players);
    if (!known) context.warn(`${constructPath}: resources of type ${type} are not played by the local stack`);
  }
  for (const players of PHASES) {
    for (const resource of model.resources) await players[resource.type]?.(resource, context);
  }
  warnOfUnknownAlarms(context);
}
