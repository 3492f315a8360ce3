import { createProducer } from 'spillway/runtime';
import { expect, it } from 'vitest';
import { deployApp } from './deploy-app.ts';
import { type Step, stepSchema } from './fixtures/fifo/step.ts';

const STEPS = 10;
const HOPELESS = 5;

it('keeps the order of each group through failures, and moves what is hopeless out of the way', async () => {
  const app = await deployApp('test/e2e/fixtures/fifo/app.ts');
  const producer = createProducer({
    schema: stepSchema,
    queueUrl: app.outputs.QueueUrl ?? '',
    client: app.sqs,
  });
  const steps = Array.from({ length: STEPS }, (_each, number): Step[] => [
    { group: 'stumbling', number, failures: number === 3 ? 2 : 0, hopeless: false },
    { group: 'hopeless', number, failures: 0, hopeless: number === HOPELESS },
    { group: 'smooth', number, failures: 0, hopeless: false },
  ]).flat();
  const results = await producer.sendAll(steps.map((payload) => ({ payload, groupId: payload.group })));
  expect(results.every(({ ok }) => ok)).toBe(true);
  await app.stack.whenIdle({ timeoutMs: 60_000 });

  const taken = app.logs
    .filter((line) => line.includes('"step taken"'))
    .map((line): Pick<Step, 'group' | 'number'> => JSON.parse(line));
  const numbersOf = (group: string): number[] =>
    taken.filter((step) => step.group === group).map(({ number }) => number);
  const all = Array.from({ length: STEPS }, (_each, at) => at);
  expect(numbersOf('stumbling')).toEqual(all);
  expect(numbersOf('smooth')).toEqual(all);
  expect(numbersOf('hopeless')).toEqual(all.filter((number) => number !== HOPELESS));

  const [letter, ...others] = await app.stack.queue(app.outputs.DeadLetterQueueUrl ?? '').messages();
  expect(others).toEqual([]);
  expect(letter).toMatchObject({
    groupId: 'hopeless',
    body: expect.stringContaining(`"number":${HOPELESS}`),
  });
  expect(app.said('attempt failed')).toBe(2);
}, 120_000);
