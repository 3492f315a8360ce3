import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as nodejs from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ConsumerFunctionProps } from '../resilient-consumer-props.ts';
import { logSettings } from './log-settings.ts';

/** Time-out of a function that is made without one. */
export const DEFAULT_TIMEOUT = Duration.seconds(30);
const DEFAULT_MEMORY_MB = 256;

/** Lets what was written for CommonJS call `require` in an ES module. */
const REQUIRE_BANNER =
  "import { createRequire as spillwayRequire } from 'node:module'; const require = spillwayRequire(import.meta.url);";

/** Actions for network interfaces that Lambda asks of the role of a function in a VPC; it takes no narrower resource. */
const VPC_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** Bundle the entry and make the function, with a log group and a role that may write to it and nothing else. */
export function createFunction(
  scope: Construct,
  entry: string,
  { logRetention = logs.RetentionDays.ONE_MONTH, ...props }: ConsumerFunctionProps,
  define: Readonly<Record<string, string>>,
): nodejs.NodejsFunction {
  const logGroup =
    props.logGroup ??
    new logs.LogGroup(scope, 'Logs', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  const role = props.role ?? createRole(scope, logGroup, props.vpc !== undefined);
  return new nodejs.NodejsFunction(scope, 'Function', {
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    timeout: DEFAULT_TIMEOUT,
    memorySize: DEFAULT_MEMORY_MB,
    ...logSettings(props),
    ...props,
    entry,
    logGroup,
    role,
    bundling: bundling(props.bundling ?? {}, define),
  });
}

/** A function that cannot be made, so that all problems can be reported together. It is never deployed. */
export function placeholderFunction(scope: Construct, props: ConsumerFunctionProps): lambda.Function {
  return new lambda.Function(scope, 'Function', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
    timeout: props.timeout ?? DEFAULT_TIMEOUT,
  });
}

function createRole(scope: Construct, logGroup: logs.ILogGroupRef, inVpc: boolean): iam.Role {
  const role = new iam.Role(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    description: `Runs ${scope.node.path}`,
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupRef.logGroupArn],
    }),
  );
  if (inVpc) role.addToPolicy(new iam.PolicyStatement({ actions: VPC_ACTIONS, resources: ['*'] }));
  return role;
}

function bundling(
  props: nodejs.BundlingOptions,
  define: Readonly<Record<string, string>>,
): nodejs.BundlingOptions {
  const format = props.format ?? nodejs.OutputFormat.ESM;
  return {
    minify: true,
    // Names of errors and functions are what logs, envelopes and fingerprints tell faults apart by.
    keepNames: true,
    sourceMap: true,
    sourcesContent: false,
    externalModules: [],
    ...(format === nodejs.OutputFormat.ESM && { mainFields: ['module', 'main'], banner: REQUIRE_BANNER }),
    ...props,
    format,
    define: { ...props.define, ...define },
  };
}
