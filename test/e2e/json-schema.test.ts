import { createRequire } from 'node:module';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { FAILURE_ATTRIBUTE, type FailureEnvelope } from 'spillway/runtime';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { deployApp } from './deploy-app.ts';

const require = createRequire(import.meta.url);
const webhooks = z
  .array(z.object({ name: z.string(), examples: z.array(z.unknown()) }))
  .parse(require('@octokit/webhooks-examples'));

/** Events without an action have no definition of the name `<event>_event`: nothing can be said for them. */
const NO_SCHEMA = { pointer: '', message: 'no schema for this message' };

/** An envelope keeps this many findings. */
const MOST_FINDINGS = 20;

/** What ajv itself says of each example, on the very same schemas. */
function expectedFindings(): Map<string, readonly { pointer: string; message: string | undefined }[]> {
  const ajv = new Ajv({ strict: false });
  formats.default(ajv);
  ajv.addSchema(require('@octokit/webhooks-schemas'), 'webhooks');
  const refused = new Map<string, readonly { pointer: string; message: string | undefined }[]>();
  for (const { name, examples } of webhooks) {
    for (const [at, example] of examples.entries()) {
      const validate = ajv.getSchema(`webhooks#/definitions/${name}_event`);
      if (validate === undefined) refused.set(`${name} ${at}`, [NO_SCHEMA]);
      else if (!validate(example)) {
        const findings = (validate.errors ?? []).map(({ instancePath, message }) => ({
          pointer: instancePath,
          message,
        }));
        refused.set(`${name} ${at}`, findings.slice(0, MOST_FINDINGS));
      }
    }
  }
  return refused;
}

it('quarantines exactly the payloads that do not fit the published JSON Schema, with pointer and message', async () => {
  const app = await deployApp('test/e2e/fixtures/json-schema/app.ts');
  const sends = webhooks.flatMap(({ name, examples }) =>
    examples.map((example, at) => {
      const event = { DataType: 'String', StringValue: name };
      const example_ = { DataType: 'String', StringValue: `${name} ${at}` };
      return new SendMessageCommand({
        QueueUrl: app.outputs.QueueUrl,
        MessageBody: JSON.stringify(example),
        MessageAttributes: { event, example: example_ },
      });
    }),
  );
  await Promise.all(sends.map((command) => app.sqs.send(command)));
  await app.stack.whenIdle({ timeoutMs: 60_000 });

  const held = await app.stack.queue(app.outputs.QuarantineQueueUrl ?? '').messages();
  const found = held.map(({ messageAttributes }) => {
    const envelope: FailureEnvelope = JSON.parse(messageAttributes[FAILURE_ATTRIBUTE]?.StringValue ?? 'null');
    expect(envelope.reason).toBe('SCHEMA_VALIDATION_FAILED');
    return [messageAttributes.example?.StringValue ?? '', envelope.findings ?? []] as const;
  });
  expect(held).toHaveLength(85);
  expect(new Map(found)).toEqual(expectedFindings());
  expect(app.metrics.sum('Handled')).toBe(244);
  expect(await app.stack.queue(app.outputs.DeadLetterQueueUrl ?? '').messages()).toEqual([]);
}, 120_000);
