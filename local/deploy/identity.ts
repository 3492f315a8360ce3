import { createHash } from 'node:crypto';
import { ACCOUNT } from '../account.ts';
import { physicalName, stableUuid } from './physical-name.ts';

/** What `Ref` and `Fn::GetAtt` of a resource give. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the identity of a resource is made of. */
export interface IdentitySource {
  readonly stack: string;
  readonly region: string;
  readonly logicalId: string;
  /** A property, resolved, if it is a string. */
  name(property: string): string | undefined;
  /** Base URL of the queue service. */
  readonly sqsUrl: string;
  /** Base URL of this resource's own server, for a function URL. */
  readonly functionUrl: string;
}

type IdentityOf = (source: IdentitySource) => Identity;

const IDENTITIES: Readonly<Record<string, IdentityOf>> = {
  'AWS::SQS::Queue': (source) => {
    const fifo = source.name('FifoQueue') === 'true' ? '.fifo' : '';
    const name =
      source.name('QueueName') ?? physicalName(source.stack, source.logicalId, 80 - fifo.length) + fifo;
    const url = `${source.sqsUrl}/${ACCOUNT}/${name}`;
    return { ref: url, attributes: { Arn: arn(source, 'sqs', name), QueueName: name, QueueUrl: url } };
  },
  'AWS::DynamoDB::Table': tableIdentity,
  'AWS::DynamoDB::GlobalTable': tableIdentity,
  'AWS::Lambda::Function': (source) => {
    const name = source.name('FunctionName') ?? physicalName(source.stack, source.logicalId, 64);
    return { ref: name, attributes: { Arn: arn(source, 'lambda', `function:${name}`) } };
  },
  'AWS::Lambda::Version': (source) => {
    const ref = `${functionArn(source, source.name('FunctionName') ?? '')}:1`;
    return { ref, attributes: { FunctionArn: ref, Version: '1' } };
  },
  'AWS::Lambda::Alias': (source) => {
    const ref = `${functionArn(source, source.name('FunctionName') ?? '')}:${source.name('Name')}`;
    return { ref, attributes: { AliasArn: ref } };
  },
  'AWS::Lambda::Url': (source) => {
    const target = functionArn(source, source.name('TargetFunctionArn') ?? '');
    return { ref: target, attributes: { FunctionArn: target, FunctionUrl: `${source.functionUrl}/` } };
  },
  'AWS::Lambda::EventSourceMapping': (source) => {
    const ref = stableUuid(`${source.stack}/${source.logicalId}`);
    const mappingArn = arn(source, 'lambda', `event-source-mapping:${ref}`);
    return { ref, attributes: { Id: ref, EventSourceMappingArn: mappingArn } };
  },
  'AWS::SecretsManager::Secret': (source) => {
    const name = source.name('Name') ?? physicalName(source.stack, source.logicalId, 200);
    const suffix = createHash('sha256').update(name).digest('hex').slice(0, 6);
    const ref = arn(source, 'secretsmanager', `secret:${name}-${suffix}`);
    return { ref, attributes: { Id: ref } };
  },
  'AWS::SSM::Parameter': (source) => {
    const ref = source.name('Name') ?? physicalName(source.stack, source.logicalId, 128);
    const attributes = { Type: source.name('Type') ?? 'String', Value: source.name('Value') ?? '' };
    return { ref, attributes };
  },
  'AWS::AppConfig::Application': (source) => appConfigIdentity(source, 'ApplicationId'),
  'AWS::AppConfig::Environment': (source) => appConfigIdentity(source, 'EnvironmentId'),
  'AWS::AppConfig::ConfigurationProfile': (source) => appConfigIdentity(source, 'ConfigurationProfileId'),
  // A template has one version of each hosted configuration.
  'AWS::AppConfig::HostedConfigurationVersion': () => ({ ref: '1', attributes: { VersionNumber: '1' } }),
  'AWS::SNS::Topic': (source) => {
    const fifo = source.name('FifoTopic') === 'true' ? '.fifo' : '';
    const name =
      source.name('TopicName') ?? physicalName(source.stack, source.logicalId, 256 - fifo.length) + fifo;
    const ref = arn(source, 'sns', name);
    return { ref, attributes: { TopicArn: ref, TopicName: name } };
  },
  'AWS::S3::Bucket': (source) => {
    const generated = physicalName(source.stack, source.logicalId, 63).toLowerCase();
    const ref = source.name('BucketName') ?? generated;
    const domain = `${ref}.s3.amazonaws.com`;
    return {
      ref,
      attributes: { Arn: `arn:aws:s3:::${ref}`, DomainName: domain, RegionalDomainName: domain },
    };
  },
  'AWS::CloudWatch::Alarm': alarmIdentity,
  'AWS::CloudWatch::CompositeAlarm': alarmIdentity,
  'AWS::CloudWatch::Dashboard': (source) => {
    const ref = source.name('DashboardName') ?? physicalName(source.stack, source.logicalId, 255);
    return { ref, attributes: {} };
  },
  'AWS::Events::Rule': (source) => {
    const ref = source.name('Name') ?? physicalName(source.stack, source.logicalId, 64);
    return { ref, attributes: { Arn: arn(source, 'events', `rule/${ref}`) } };
  },
  'AWS::Scheduler::Schedule': (source) => {
    const ref = source.name('Name') ?? physicalName(source.stack, source.logicalId, 64);
    return { ref, attributes: { Arn: arn(source, 'scheduler', `schedule/default/${ref}`) } };
  },
};

/** The identity of a resource of a type whose identity is known, or `undefined`. */
export function knownIdentity(type: string, source: IdentitySource): Identity | undefined {
  return IDENTITIES[type]?.(source);
}

/** The made-up identity of a resource that is not played, so that what refers to it can still start. */
export function standInIdentity(
  type: string,
  source: IdentitySource,
): { ref: string; attribute(name: string): string } {
  const ref = physicalName(source.stack, source.logicalId, 128);
  const service = type.split('::')[1]?.toLowerCase() ?? 'custom';
  return {
    ref,
    attribute: (name) => (name.endsWith('Arn') ? arn(source, service, ref) : `${ref}-${name}`),
  };
}

/** The ARN of a function that is named by name, partial ARN or ARN, a qualifier taken away. */
export function functionArn(source: { region: string }, nameOrArn: string): string {
  if (nameOrArn.startsWith('arn:')) return nameOrArn.split(':').slice(0, 7).join(':');
  const name = nameOrArn.replace(/^.*function:/, '').split(':')[0];
  return arn(source, 'lambda', `function:${name}`);
}

function appConfigIdentity({ stack, logicalId }: IdentitySource, attribute: string): Identity {
  const ref = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 7);
  return { ref, attributes: { [attribute]: ref } };
}

function arn({ region }: { region: string }, service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`;
}

function alarmIdentity(source: IdentitySource): Identity {
  const ref = source.name('AlarmName') ?? physicalName(source.stack, source.logicalId, 255);
  return { ref, attributes: { Arn: arn(source, 'cloudwatch', `alarm:${ref}`) } };
}

function tableIdentity(source: IdentitySource): Identity {
  const ref = source.name('TableName') ?? physicalName(source.stack, source.logicalId, 255);
  const tableArn = arn(source, 'dynamodb', `table/${ref}`);
  const attributes = { Arn: tableArn, StreamArn: `${tableArn}/stream/none`, TableId: stableUuid(tableArn) };
  return { ref, attributes };
}
