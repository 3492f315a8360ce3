import { join } from 'node:path';
import { CfnOutput, Duration, RemovalPolicy, Size, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import {
  Backoff,
  type CircuitProps,
  ResilienceDashboard,
  ResilientConsumer,
  type ResilientConsumerProps,
  ResilientQueue,
  StateTable,
} from 'spillway';
import { ExampleFunction } from './example-function.ts';
import { LARGEST_DELIVERY, SIGNATURE_ATTRIBUTE } from './headers.ts';

/** How long things take: the defaults of the library, or short enough to watch. */
export type Pace = 'production' | 'demo';

/** Properties of the {@link WebhookIntakeStack}. */
export interface WebhookIntakeStackProps extends StackProps {
  /**
   * A demonstration keeps nothing when it is deleted.
   *
   * @default 'production'
   */
  readonly pace?: Pace;
}

/** Longest back-off and open time at the pace of a demonstration. */
const DEMO_BACKOFF = Backoff.fullJitter({ firstDelay: Duration.seconds(1), cap: Duration.seconds(2) });
const DEMO_CIRCUIT: CircuitProps = { openFor: Duration.millis(1_500), maxOpenFor: Duration.seconds(3) };

/**
 * GitHub webhooks, taken in by a function URL, queued, checked, and forwarded to a tracker: once each, whatever
 * happens to the tracker meanwhile.
 */
export class WebhookIntakeStack extends Stack {
  constructor(scope: Construct, id: string, props: WebhookIntakeStackProps = {}) {
    super(scope, id, props);
    const demo = props.pace === 'demo';
    const signingSecret = generatedSecret(
      this,
      'SigningSecret',
      'Signs the webhooks: paste it into GitHub',
      GITHUB_HAS_TO_KNOW,
    );
    const token = generatedSecret(this, 'TrackerToken', 'Opens the tracker', BOTH_ENDS_READ_IT);
    const queue = new ResilientQueue(this, 'Deliveries');

    const intake = new ExampleFunction(this, 'Intake', {
      entry: join(import.meta.dirname, 'intake.ts'),
      description: 'Takes GitHub webhooks and queues them as they are',
      environment: { QUEUE_URL: queue.queueUrl },
    });
    queue.grantSendMessages(intake);
    // Webhooks come from outside AWS: the address is public, and the signature is what counts.
    const intakeUrl = intake.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    const { tracker, ledger } = this.addTracker(token);
    // Open like the API of any service out there; the token is what counts.
    const trackerUrl = tracker.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    const consumer = new ResilientConsumer(this, 'Forwarder', {
      queue,
      entry: join(import.meta.dirname, 'consumer.ts'),
      consumerId: 'webhook-forwarder',
      observability: 'full',
      functionProps: {
        timeout: Duration.seconds(20),
        environment: { TRACKER_URL: trackerUrl.url, TRACKER_TOKEN_SECRET: token.secretArn },
      },
      maxConcurrency: 4,
      ...(demo ? this.passingThings() : {}),
      screening: {
        maxSize: Size.bytes(LARGEST_DELIVERY),
        signature: { secret: signingSecret, attribute: SIGNATURE_ATTRIBUTE, prefix: 'sha256=' },
      },
      circuits: { tracker: demo ? DEMO_CIRCUIT : {} },
    });
    token.grantRead(consumer.function);
    new ResilienceDashboard(this, 'Dashboard', { consumers: [consumer] });

    new CfnOutput(this, 'IntakeUrl', { value: intakeUrl.url, description: 'Payload URL of the webhook' });
    new CfnOutput(this, 'SigningSecretArn', { value: signingSecret.secretArn });
    new CfnOutput(this, 'TrackerFunction', {
      value: tracker.functionName,
      description: 'Invoke it to set a fault',
    });
    new CfnOutput(this, 'LedgerTable', { value: ledger.tableName });
    new CfnOutput(this, 'ConsumerId', {
      value: consumer.consumerId,
      description: 'In names of alarms and metrics',
    });
    new CfnOutput(this, 'QueueUrl', { value: queue.queueUrl });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: consumer.deadLetterQueue.queueUrl });
    new CfnOutput(this, 'QuarantineQueueUrl', { value: consumer.quarantineQueue.queueUrl });
  }

  /** What only a demonstration wants: haste, and nothing that stays behind. */
  private passingThings(): Pick<ResilientConsumerProps, 'backoff' | 'stateTable'> {
    const stateTable = new StateTable(this, 'StateTable', { removalPolicy: RemovalPolicy.DESTROY });
    return { backoff: DEMO_BACKOFF, stateTable };
  }

  /** The dependency. Its ledger is what the example is judged by. */
  private addTracker(token: secretsmanager.Secret): { tracker: ExampleFunction; ledger: dynamodb.TableV2 } {
    const ledger = new dynamodb.TableV2(this, 'Ledger', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const tracker = new ExampleFunction(this, 'Tracker', {
      entry: join(import.meta.dirname, 'tracker.ts'),
      description: 'The dependency of the example, with faults that can be switched',
      environment: { LEDGER_TABLE: ledger.tableName, TRACKER_TOKEN_SECRET: token.secretArn },
    });
    ledger.grant(tracker, 'dynamodb:GetItem', 'dynamodb:PutItem');
    token.grantRead(tracker);
    return { tracker, ledger };
  }
}

/** Why no secret of the example rotates by itself. */
const GITHUB_HAS_TO_KNOW =
  'GitHub has to be told of a new key, so a person rotates it; the former one is good meanwhile';
const BOTH_ENDS_READ_IT =
  'both ends read it from here and wait for each other; when to rotate it is for a person to say';

function generatedSecret(
  scope: Construct,
  id: string,
  description: string,
  whyNotRotated: string,
): secretsmanager.Secret {
  const secret = new secretsmanager.Secret(scope, id, {
    description,
    generateSecretString: { excludePunctuation: true, passwordLength: 40 },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions::AwsSolutions-SMG4',
    reason: whyNotRotated,
  });
  return secret;
}
