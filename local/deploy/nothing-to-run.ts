/** Resource types that a local stack accepts without a word, and why there is nothing to run. */
const NOTHING_TO_RUN: Readonly<Record<string, string>> = {
  'AWS::AppConfig::Application': 'configurations are deployed at once',
  'AWS::AppConfig::ConfigurationProfile': 'configurations are deployed at once',
  'AWS::AppConfig::DeploymentStrategy': 'configurations are deployed at once',
  'AWS::AppConfig::Environment': 'configurations are deployed at once',
  'AWS::ApplicationAutoScaling::ScalableTarget': 'capacity is not limited locally',
  'AWS::ApplicationAutoScaling::ScalingPolicy': 'capacity is not limited locally',
  'AWS::CDK::Metadata': 'describes the app',
  'AWS::IAM::ManagedPolicy': 'permissions are not enforced locally',
  'AWS::IAM::Policy': 'permissions are not enforced locally',
  'AWS::IAM::Role': 'permissions are not enforced locally',
  'AWS::KMS::Alias': 'nothing is encrypted locally',
  'AWS::KMS::Key': 'nothing is encrypted locally',
  'AWS::Lambda::Alias': 'every alias is the one version that runs',
  'AWS::Lambda::Permission': 'permissions are not enforced locally',
  'AWS::Lambda::Version': 'every version is the one that runs',
  'AWS::Logs::LogGroup': 'log lines go to the listener',
  'AWS::Logs::QueryDefinition': 'a query for a person to run',
  'AWS::S3::BucketPolicy': 'permissions are not enforced locally',
  'AWS::SNS::TopicPolicy': 'permissions are not enforced locally',
  'AWS::SQS::QueueInlinePolicy': 'permissions are not enforced locally',
  'AWS::SQS::QueuePolicy': 'permissions are not enforced locally',
  'AWS::SecretsManager::ResourcePolicy': 'permissions are not enforced locally',
};

/** Why there is nothing to run for a resource type, or `undefined` if the type is not one of those. */
export function nothingToRun(type: string): string | undefined {
  return NOTHING_TO_RUN[type];
}
