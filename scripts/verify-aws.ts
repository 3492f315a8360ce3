import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { type Delivery, deliveries } from '../examples/webhook-intake/run/deliveries.ts';
import { feed } from '../examples/webhook-intake/run/feed.ts';
import { watchesMetric } from './watches-metric.ts';

/**
 * The one check that needs an AWS account: deploy the example, send it 20 deliveries and enough forged ones for the
 * alarm on poison, see them handled and the alarm go off, and destroy everything again. It costs a few cents.
 */
const STACK = 'WebhookIntake';
const OUTPUTS = 'out/verify-aws.json';
const GENUINE = 20;
/** One more than the alarm's threshold. */
const FORGED = 21;
const PATIENCE_MS = 15 * 60_000;
const LOOK_MS = 5_000;
const outputsSchema = z.object({
  [STACK]: z.object({
    IntakeUrl: z.url(),
    LedgerTable: z.string(),
    SigningSecretArn: z.string(),
    ConsumerId: z.string(),
  }),
});

if (!(await hasCredentials())) {
  console.log('');
  console.log('********************************************************************');
  console.log('*  SKIPPED: no AWS credentials or region. NOTHING WAS VERIFIED.    *');
  console.log('*  Set AWS_PROFILE and AWS_REGION (of a bootstrapped account).     *');
  console.log('********************************************************************');
} else {
  await verify();
}

async function hasCredentials(): Promise<boolean> {
  const { config } = new DynamoDBClient();
  try {
    await config.region();
    await config.credentials();
    return true;
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function verify(): Promise<void> {
  try {
    cdk('deploy', '--require-approval', 'never', '--outputs-file', OUTPUTS);
    const outputs = outputsSchema.parse(JSON.parse(readFileSync(OUTPUTS, 'utf8')))[STACK];
    const sent = await send(outputs.IntakeUrl, await signingSecret(outputs.SigningSecretArn));
    await until('all genuine deliveries are handled', async () => {
      const keys = await completedKeys(outputs.LedgerTable);
      return sent.every(({ key }) => keys.has(key));
    });
    await until('the alarm on poison goes off', () => poisonAlarmFires(outputs.ConsumerId));
    console.log('VERIFIED: deployed, handled, alarmed.');
  } finally {
    cdk('destroy', '--force');
  }
}

async function send(url: string, secret: string): Promise<readonly Delivery[]> {
  const all = deliveries(secret, Math.random);
  const genuine = all.filter(({ expected }) => expected === 'handled').slice(0, GENUINE);
  const forged = genuine
    .concat(genuine)
    .slice(0, FORGED)
    .map((delivery, at) => ({ ...delivery, id: `forged-${at}`, signature: `sha256=${'0'.repeat(64)}` }));
  await feed(url, [...genuine, ...forged], () => undefined);
  console.log(`Sent ${genuine.length} genuine deliveries and ${forged.length} forged ones.`);
  return genuine;
}

async function signingSecret(arn: string): Promise<string> {
  const { SecretString } = await new SecretsManagerClient().send(
    new GetSecretValueCommand({ SecretId: arn }),
  );
  if (SecretString === undefined) throw new Error(`${arn} holds no text`);
  return SecretString;
}

async function completedKeys(table: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { Items = [] } of paginateScan({ client: new DynamoDBClient() }, { TableName: table })) {
    for (const { idempotencyKey, statusCode } of Items) {
      if (statusCode?.N === '201' && idempotencyKey?.S !== undefined) keys.add(idempotencyKey.S);
    }
  }
  return keys;
}

async function poisonAlarmFires(consumerId: string): Promise<boolean> {
  const { MetricAlarms = [] } = await new CloudWatchClient().send(
    new DescribeAlarmsCommand({ StateValue: 'ALARM' }),
  );
  return MetricAlarms.some((alarm) => watchesMetric(alarm, 'Quarantined', consumerId));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`waited ${PATIENCE_MS / 60_000} minutes in vain until ${what}`);
    await sleep(LOOK_MS);
  }
  console.log(`Seen: ${what}.`);
}

function cdk(...args: readonly string[]): void {
  execFileSync('npx', ['cdk', ...args, STACK, '--context', 'pace=demo'], { stdio: 'inherit' });
}
