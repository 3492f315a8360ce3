import { Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** What a traced function asks of its role ("Visualize Lambda function invocations using AWS X-Ray"). */
const TRACING_ACTIONS = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];

/**
 * Have X-Ray trace a function, and let its role write segments. The permission is a policy of its own rather than a
 * statement of the role's default policy, so that what is acknowledged of it covers nothing else; and the function waits
 * for it, since Lambda refuses to trace one whose role may not write.
 */
export function traceFunction(scope: Construct, target: lambda.Function): void {
  const policy = new iam.Policy(scope, 'TracingPolicy', {
    statements: [new iam.PolicyStatement({ actions: TRACING_ACTIONS, resources: ['*'] })],
  });
  Validations.of(policy).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'X-Ray knows no resources for the segments that are written to it.',
  });
  target.role?.attachInlinePolicy(policy);
  target.node.addDependency(policy);
  const { defaultChild } = target.node;
  if (defaultChild instanceof lambda.CfnFunction)
    defaultChild.tracingConfig = { mode: lambda.Tracing.ACTIVE };
}
