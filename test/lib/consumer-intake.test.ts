import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import {
  IntakeController,
  type ResilientConsumerProps,
  ResilientQueue,
  StateTable,
} from '../../lib/index.ts';
import { consumerIn, idsByType, intakeSettings, problemsOf, synth, UNBUNDLED, warningsOf } from './synth.ts';

const FUNCTION = 'AWS::Lambda::Function';
const QUEUE = 'AWS::SQS::Queue';

/** A consumer in one stack, its function in another. */
function apart(): { shop: Stack; functions: Stack } {
  const app = new App({ context: UNBUNDLED });
  const [functions, shop] = [new Stack(app, 'Functions'), new Stack(app, 'Shop')];
  const target = new lambda.Function(functions, 'Mine', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
  });
  consumerIn(shop, { function: target });
  return { shop, functions };
}

describe('the controller of a stack', () => {
  it('is one, with ids that stay', () => {
    const template = synth((stack) => {
      const first = IntakeController.of(consumerIn(stack, {}, 'One'));
      expect(IntakeController.of(consumerIn(stack, {}, 'Two'))).toBe(first);
    });
    expect(
      Object.values(idsByType(template))
        .flat()
        .filter((id) => id.startsWith('SpillwayIntakeController'))
        .sort(),
    ).toEqual([
      'SpillwayIntakeControllerControlDeadLetterQueue7E59B091',
      'SpillwayIntakeControllerControlDeadLetterQueuePolicy6B19F9E5',
      'SpillwayIntakeControllerControlQueue77194EBF',
      'SpillwayIntakeControllerControlQueuePolicyA118D339',
      'SpillwayIntakeControllerFunction428A5F7C',
      'SpillwayIntakeControllerFunctionSqsEventSourceShopSpillwayIntakeControllerControlQueue6210F52A17600527',
      'SpillwayIntakeControllerLogsB266EA70',
      'SpillwayIntakeControllerRole4ACE06EA',
      'SpillwayIntakeControllerRoleDefaultPolicy4D067A2B',
      'SpillwayIntakeControllerSchedule4838D4D6',
      'SpillwayIntakeControllerScheduleAllowEventRuleShopSpillwayIntakeControllerFunctionED6B9055545827DB',
    ]);
  });

  it('is one for each state table', () => {
    const template = synth((stack) => {
      const stateTable = new StateTable(stack, 'State');
      consumerIn(stack, { stateTable, consumerId: 'a' }, 'One');
      consumerIn(stack, { stateTable, consumerId: 'b' }, 'Two');
      consumerIn(stack, { stateTable: StateTable.of(stack), consumerId: 'c' }, 'Three');
    });
    expect(idsByType(template)[QUEUE]?.filter((id) => id.includes('ControlQueue'))).toEqual([
      'SpillwayIntakeControllerControlQueue77194EBF',
      'SpillwayIntakeControllerForShopStateDECD1DE4ControlQueue4354CF00',
    ]);
  });

  it('stands where the function is, which has to have the event source', () => {
    const { shop, functions } = apart();
    Template.fromStack(shop).resourceCountIs('AWS::Events::Rule', 0);
    const template = Template.fromStack(functions);
    template.resourceCountIs('AWS::Events::Rule', 1);
    expect(JSON.stringify(template.findResources(FUNCTION))).toContain('\\"consumerId\\":\\"Shop-Consumer-');
  });

  it('leaves a function of another stack without an alarm on its errors, and says so', () => {
    const { shop } = apart();
    const alarms = Object.keys(Template.fromStack(shop).findResources('AWS::CloudWatch::Alarm'));
    expect(alarms.filter((id) => id.includes('FunctionErrors'))).toEqual([]);
    expect(alarms.filter((id) => id.includes('QueueAge'))).toHaveLength(1);
    Annotations.fromStack(shop).hasWarning('*', Match.stringLikeRegexp('no alarm FunctionErrors'));
  });
});

describe('a consumer', () => {
  it('can have one of its own', () => {
    const template = synth((stack) => {
      consumerIn(stack, { intake: new IntakeController(stack, 'Intake') });
    });
    template.resourceCountIs('AWS::Events::Rule', 1);
    template.resourcePropertiesCountIs(FUNCTION, { RecursiveLoop: 'Allow' }, 1);
    expect(intakeSettings(template)).toMatchObject({
      consumers: [{ consumerId: 'Shop-Consumer-B2402C53', circuits: ['default'] }],
    });
  });

  it('can do without', () => {
    const template = synth((stack) => {
      const { intake, settings } = consumerIn(stack, { intake: false });
      expect([intake, settings.controlQueueUrl]).toEqual([undefined, undefined]);
    });
    template.resourceCountIs('AWS::Events::Rule', 0);
    template.resourceCountIs(QUEUE, 3);
    template.resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { MetricName: Match.stringLikeRegexp('Intake') },
      0,
    );
  });

  it('has its event source enabled by the template only without one', () => {
    // So that a controller that is taken away in the middle of a pause changes a property of the mapping.
    const mappingOf = (props: Partial<ResilientConsumerProps>): unknown => {
      const template = synth((stack) => {
        consumerIn(stack, props);
      });
      const mappings = template.findResources('AWS::Lambda::EventSourceMapping');
      const [id = ''] = Object.keys(mappings).filter((each) => each.startsWith('Consumer'));
      return mappings[id]?.Properties;
    };
    expect(mappingOf({ intake: false })).toHaveProperty('Enabled', true);
    expect(mappingOf({})).toHaveProperty('BatchSize');
    expect(mappingOf({})).not.toHaveProperty('Enabled');
  });

  it('cannot have one of another stack', () => {
    const problems = problemsOf((stack) => {
      const intake = new IntakeController(new Stack(App.of(stack), 'Other'), 'Intake');
      consumerIn(stack, { intake });
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^\[Shop\/Consumer\] intake must be a controller of the function's own stack, got 'Other\/Intake'/,
      ),
    ]);
  });

  it('cannot have one that reads another state table', () => {
    const build = (tableName: string) => (stack: Stack) => {
      const table = (id: string, name: string): StateTable => StateTable.fromTableName(stack, id, name);
      const intake = new IntakeController(stack, 'Intake', { stateTable: table('Its', 'one') });
      consumerIn(stack, { intake, stateTable: table('Mine', tableName) });
    };
    expect(problemsOf(build('one'))).toEqual([]);
    expect(problemsOf(build('two'))).toEqual([
      expect.stringContaining("intake must use the consumer's stateTable, got 'Shop/Intake'"),
    ]);
  });

  it('is warned where its messages expire before a pause could end', () => {
    const build = (retryUntil: Duration, intake?: false) => (stack: Stack) => {
      consumerIn(stack, { retryUntil, ...(intake === false && { intake }) });
    };
    expect(warningsOf(build(Duration.hours(1)))).toEqual([
      expect.stringContaining('retryUntil should be more than 3,600 seconds, got 3,600'),
    ]);
    expect(warningsOf(build(Duration.seconds(3_601)))).toEqual([]);
    expect(warningsOf(build(Duration.hours(1), false))).toEqual([]);
  });

  it('must be one, or none, whatever a language without types says', () => {
    expect(problemsOf((stack) => void consumerIn(stack, { intake: true as never }))).toEqual([
      '[Shop/Consumer] intake must be an IntakeController, or false, got true (it is what pauses the event source)',
    ]);
    expect(problemsOf((stack) => void consumerIn(stack, { onExhausted: 'stop' as never }))).toEqual([
      expect.stringContaining("onExhausted must be one of dead-letter, halt, got 'stop'"),
    ]);
  });

  it('is missed where a queue halts and nobody would be told', () => {
    const build = (intake?: false) => (stack: Stack) => {
      const queue = new ResilientQueue(stack, 'Ordered', { fifo: true });
      consumerIn(stack, { queue, onExhausted: 'halt', ...(intake === false && { intake }) });
    };
    expect(warningsOf(build())).toEqual([]);
    expect(warningsOf(build(false))).toEqual([
      expect.stringContaining("onExhausted 'halt' should have an intake controller, got none"),
    ]);
  });
});

it('lets somebody hold and resume an intake, and nothing else', () => {
  const template = synth((stack) => {
    const role = new Role(stack, 'Runbook', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    consumerIn(stack, { consumerId: 'orders' }).grantIntakeSwitch(role);
  });
  const policies = Object.entries(template.findResources('AWS::IAM::Policy'));
  const [, policy] = policies.find(([id]) => id.startsWith('Runbook')) ?? [];
  expect(policy?.Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({
      Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['circuit#intake#orders'] } },
    }),
    expect.objectContaining({ Action: 'sqs:SendMessage', Effect: 'Allow' }),
  ]);
});
