import { Duration, type Stack } from 'aws-cdk-lib';
import * as appconfig from 'aws-cdk-lib/aws-appconfig';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { expect, it } from 'vitest';
import { ResilientConsumer, ResilientQueue, RuntimeConfig, SpillwayConfig } from '../../lib/index.ts';
import { consumerIn, problemsOf, stackWith, synth } from './synth.ts';

/** Statements of the role of the consumer's function that speak of a service. */
function statements(template: ReturnType<typeof synth>, service: string): unknown[] {
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('Consumer'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(({ Action }) => JSON.stringify(Action).includes(`"${service}:`));
}

const parameterOf = (stack: Stack, stringValue = '{}'): ssm.StringParameter =>
  new ssm.StringParameter(stack, 'Tuning', { stringValue });

it('lets the function read its parameter, and nothing else of the store', () => {
  const template = synth((stack) => {
    consumerIn(stack, { runtimeConfig: RuntimeConfig.parameter(parameterOf(stack)) });
  });
  expect(statements(template, 'ssm')).toEqual([
    {
      Action: 'ssm:GetParameter',
      Effect: 'Allow',
      Resource: {
        'Fn::Join': [
          '',
          [
            'arn:',
            { Ref: 'AWS::Partition' },
            ':ssm:',
            { Ref: 'AWS::Region' },
            ':',
            { Ref: 'AWS::AccountId' },
            ':parameter/',
            { Ref: expect.stringMatching(/^Tuning/) },
          ],
        ],
      },
    },
  ]);
});

it('tells the runtime where to look, as which queue, and how often', () => {
  let settings: unknown;
  stackWith((stack) => {
    const parameter = ssm.StringParameter.fromStringParameterName(stack, 'Imported', '/shop/tuning');
    const runtimeConfig = RuntimeConfig.parameter(parameter, {
      queue: 'orders',
      refresh: Duration.seconds(30),
    });
    settings = consumerIn(stack, { runtimeConfig }).settings.runTimeConfiguration;
  });
  expect(settings).toEqual({
    kind: 'parameter',
    parameter: '/shop/tuning',
    queue: 'orders',
    refreshSeconds: 30,
  });
  stackWith((stack) => {
    const runtimeConfig = RuntimeConfig.parameter(parameterOf(stack));
    settings = consumerIn(stack, { consumerId: 'shop', runtimeConfig }).settings.runTimeConfiguration;
  });
  expect(settings).toMatchObject({ queue: 'shop', refreshSeconds: 60 });
});

it('lets the function decrypt with the key that is named', () => {
  const template = synth((stack) => {
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Secret', {
      parameterName: '/shop/tuning',
    });
    const encryptionKey = new kms.Key(stack, 'Key');
    consumerIn(stack, { runtimeConfig: RuntimeConfig.parameter(parameter, { encryptionKey }) });
  });
  expect(statements(template, 'kms')).toMatchObject([{ Action: 'kms:Decrypt' }]);
});

it('lets the function read its configuration of AppConfig, and nothing else there', () => {
  let settings: unknown;
  const template = synth((stack) => {
    const application = new appconfig.Application(stack, 'App');
    const environment = new appconfig.Environment(stack, 'Prod', { application });
    const runtimeConfig = RuntimeConfig.appConfig({ application, environment, profile: 'abc1234' });
    settings = consumerIn(stack, { runtimeConfig }).settings.runTimeConfiguration;
  });
  expect(settings).toMatchObject({ kind: 'app-config', profile: 'abc1234', refreshSeconds: 60 });
  const [statement] = statements(template, 'appconfig');
  expect(statement).toMatchObject({
    Action: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
  });
  expect(JSON.stringify(statement)).toMatch(
    /:application\/",\{"Ref":"App[^"]*"\},"\/environment\/",\{[^}]*\},"\/configuration\/abc1234"/,
  );
});

it('has an alarm on refused configurations, unless it is switched off or nothing is read', () => {
  const alarms = (props: object, configured = true): string[] =>
    Object.keys(
      synth((stack) => {
        const runtimeConfig = RuntimeConfig.parameter(parameterOf(stack));
        consumerIn(stack, { observability: 'full', ...(configured && { runtimeConfig }), ...props });
      }).findResources('AWS::CloudWatch::Alarm', {
        Properties: {
          MetricName: 'ConfigurationRefused',
          Statistic: 'Maximum',
          Threshold: 0,
          ComparisonOperator: 'GreaterThanThreshold',
          TreatMissingData: 'ignore',
        },
      }),
    );
  expect(alarms({})).toHaveLength(1);
  expect(alarms({ alarms: { configurationRefused: false } })).toEqual([]);
  expect(alarms({}, false)).toEqual([]);
  const file = SpillwayConfig.fromText('queues: { orders: { alarms: { configurationRefused: false } } }');
  expect(alarms(file.consumerProps('orders'))).toEqual([]);
});

it.each([4, 3_601])('refuses a refresh time of %i s', (seconds) => {
  const found = problemsOf((stack) => {
    const refresh = Duration.seconds(seconds);
    consumerIn(stack, { runtimeConfig: RuntimeConfig.parameter(parameterOf(stack), { refresh }) });
  });
  expect(found).toEqual([
    expect.stringContaining('runtimeConfig.refresh must be an integer from 5 to 3,600 seconds'),
  ]);
});

it('refuses to ask AppConfig more often than it answers', () => {
  const where = { application: 'a', environment: 'e', profile: 'p' };
  const found = problemsOf((stack) => {
    const runtimeConfig = RuntimeConfig.appConfig({ ...where, refresh: Duration.seconds(59) });
    consumerIn(stack, { runtimeConfig });
  });
  expect(found).toEqual([
    expect.stringContaining('runtimeConfig.refresh must be an integer from 60 to 3,600'),
  ]);
});

it('checks at synthesis what the text says at first', () => {
  const found = problemsOf((stack) => {
    const text = 'circuits:\n  tracker:\n    openFor: 2d\n    retry: none\n';
    const runtimeConfig = RuntimeConfig.parameter(parameterOf(stack, text));
    consumerIn(stack, { circuits: { tracker: {} }, runtimeConfig });
  });
  expect(found).toEqual([
    expect.stringContaining("got 'text:3:14 circuits.tracker.openFor must be from 1ms to 1d, got '2d''"),
    expect.stringContaining('text:4:12 circuits.tracker.retry must be the name of one of the retryProfiles'),
    expect.stringContaining(
      'text:4:12 circuits.tracker.retry must be deployed before it can change at run time',
    ),
  ]);
});

it.each([
  ['nothing', undefined, 4_096],
  ['Standard', ssm.ParameterTier.STANDARD, 4_096],
  ['Advanced', ssm.ParameterTier.ADVANCED, 8_192],
  ['Intelligent-Tiering', ssm.ParameterTier.INTELLIGENT_TIERING, 8_192],
])('checks that the text fits its parameter, whose tier is %s', (_name, tier, most) => {
  const found = (characters: number): string[] =>
    problemsOf((stack) => {
      const stringValue = `# ${'x'.repeat(characters - 2)}`;
      const props = { stringValue, ...(tier !== undefined && { tier }) };
      const parameter = new ssm.StringParameter(stack, 'Tuning', props);
      consumerIn(stack, { runtimeConfig: RuntimeConfig.parameter(parameter) });
    });
  expect(found(most)).toEqual([]);
  expect(found(most + 1)).toEqual([
    expect.stringContaining(`runtimeConfig must be a text of at most ${most} characters`),
  ]);
});

it('takes what of a file may change as the first text of a parameter', () => {
  const file = `retryProfiles:
  gentle: { attempts: 2, cap: 90s }
circuits:
  tracker: { preset: aggressive, retry: gentle, rateLimit: { limit: 5, per: 1s, shards: 2 } }
queues:
  orders: { retention: 2d, circuits: [tracker], screening: { maxSize: 64KiB, json: true }, killSwitch: false }
`;
  const config = SpillwayConfig.fromText(file);
  expect(config.runtimeText).toBe(`retryProfiles:
  gentle:
    attempts: 2
    cap: 90s
circuits:
  tracker:
    preset: aggressive
    retry: gentle
    rateLimit:
      limit: 5
      per: 1s
queues:
  orders:
    screening:
      maxSize: 64KiB
    killSwitch: false
`);
  const found = problemsOf((stack) => {
    const parameter = parameterOf(stack, config.runtimeText);
    const queue = new ResilientQueue(stack, 'Orders', config.queueProps('orders'));
    new ResilientConsumer(stack, 'Handler', {
      ...config.consumerProps('orders'),
      queue,
      entry: 'test/lib/fixtures/handler.ts',
      runtimeConfig: RuntimeConfig.parameter(parameter, { queue: 'orders' }),
    });
  });
  expect(found).toEqual([]);
  expect(SpillwayConfig.fromText('queues: { orders: { retention: 2d } }').runtimeText).toBe('{}\n');
});
