import { App, Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitKey } from '../../lambdas/core/table-keys.ts';
import { type CircuitProps, type RateLimitProps, StateTable } from '../../lib/index.ts';
import { NAME } from '../../lib/private/names.ts';
import { consumerIn, problemsOf, synth, UNBUNDLED, warningsOf } from './synth.ts';

const REGION = { env: { region: 'eu-west-1' } };
const TABLE = 'AWS::DynamoDB::GlobalTable';

describe('the table', () => {
  it('is on demand, expires items, can be restored, and outlives its stack', () => {
    const template = synth((stack) => {
      new StateTable(stack, 'State');
    });
    template.hasResource(TABLE, {
      DeletionPolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        Replicas: [
          Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }),
        ],
      },
    });
  });

  it('takes what it is told', () => {
    const template = synth((stack) => {
      new StateTable(stack, 'State', {
        tableName: 'state',
        removalPolicy: RemovalPolicy.DESTROY,
        deletionProtection: true,
        pointInTimeRecovery: false,
        encryptionKey: new Key(stack, 'Key'),
      });
    }, REGION);
    template.hasResource(TABLE, {
      DeletionPolicy: 'Delete',
      Properties: {
        TableName: 'state',
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        Replicas: [
          Match.objectLike({
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
          }),
        ],
      },
    });
  });

  it('is one for a stack, with an id that stays', () => {
    const template = synth((stack) => {
      const first = StateTable.of(consumerIn(stack, {}, 'One'));
      expect(StateTable.of(consumerIn(stack, {}, 'Two'))).toBe(first);
    });
    expect(Object.keys(template.findResources(TABLE))).toEqual(['SpillwayStateTable9919068D']);
  });

  it('is each stack its own', () => {
    const app = new App({ context: UNBUNDLED });
    expect(StateTable.of(new Stack(app, 'One'))).not.toBe(StateTable.of(new Stack(app, 'Two')));
  });

  it('can be passed in, imported or not', () => {
    const template = synth((stack) => {
      consumerIn(stack, { stateTable: StateTable.fromTableName(stack, 'Imported', 'shared') }, 'One');
      const { table } = new StateTable(stack, 'State');
      consumerIn(stack, { stateTable: StateTable.fromTable(stack, 'Same', table) }, 'Two');
    });
    template.resourceCountIs(TABLE, 1);
    expect(JSON.stringify(template.findResources('AWS::Lambda::Function'))).toContain(
      '\\"stateTable\\":\\"shared\\"',
    );
  });
});

it('warns of consumers that share an id', () => {
  const two = (first: string, second: string) => (stack: Stack) => {
    consumerIn(stack, { consumerId: first }, 'One');
    consumerIn(stack, { consumerId: second }, 'Two');
  };
  expect(warningsOf(two('orders', 'orders')).join()).toMatch(/consumerId should be one consumer's only/);
  expect(warningsOf(two('orders', 'invoices'))).toEqual([]);
});

describe('circuits of one name', () => {
  const two = (first: CircuitProps, second: CircuitProps, name = 'tracker') =>
    warningsOf((stack) => {
      consumerIn(stack, { circuits: { [name]: first } }, 'One');
      consumerIn(stack, { circuits: { [name]: second } }, 'Two');
    });
  const limit = (props: Partial<RateLimitProps> = {}): CircuitProps => ({
    rateLimit: { limit: 20, per: Duration.seconds(1), ...props },
  });

  it.each([
    ['rateLimit.limit', limit({ burst: 20 }), limit({ limit: 10, burst: 20 }), '10', '20'],
    ['rateLimit.per', limit(), limit({ per: Duration.minutes(1) }), '60000 ms', '1000 ms'],
    ['rateLimit.burst', limit(), limit({ burst: 5 }), '5', '20'],
    ['rateLimit.shards', limit(), limit({ shards: 2 }), '2', '1'],
    ['rateLimit', limit(), {}, 'none', 'one'],
    ['failureThreshold', { localThreshold: 5 }, { failureThreshold: 9, localThreshold: 5 }, '9', '5'],
    ['openFor', {}, { openFor: Duration.seconds(90) }, '90000 ms', '60000 ms'],
    ['slowCallThreshold', {}, { slowCallThreshold: Duration.seconds(2) }, '2000 ms', 'none'],
  ])('warn of a %s that differs, and name both consumers', (property, first, second, got, other) => {
    expect(two(first, second)).toEqual([
      expect.stringContaining(
        `circuits.tracker.${property} should be what Shop/One says, got ${got} at Shop/Two and ${other} there`,
      ),
    ]);
  });

  it('may differ in what is each environment’s own affair', () => {
    const own = { timeout: Duration.seconds(1), localThreshold: 2, bulkhead: { maxConcurrent: 3 } };
    const all = { ...limit({ maxWait: Duration.seconds(9) }), ...own };
    expect(two(limit(), all)).toEqual([]);
  });

  it('are not compared where they are tokens', () => {
    expect(two({ failureThreshold: Lazy.number({ produce: () => 7 }), localThreshold: 5 }, {})).toEqual([]);
  });

  it('are not compared across state tables', () => {
    const warnings = warningsOf((stack) => {
      consumerIn(stack, { circuits: { tracker: limit() } }, 'One');
      const stateTable = new StateTable(stack, 'Other');
      consumerIn(stack, { circuits: { tracker: limit({ limit: 10 }) }, stateTable, intake: false }, 'Two');
    });
    expect(warnings).toEqual([]);
  });
});

it('keeps a consumer’s own limit out of the reach of whoever may use a shared one', () => {
  const names = fc.oneof(fc.constantFrom('default', 'orders'), fc.stringMatching(NAME));
  fc.assert(
    fc.property(names, (name) => {
      // what `grantLimits` gives, and what a `rateLimiter` with shards reaches
      const granted = `limit#${name}`;
      const own = limitKey('default', 'orders');
      expect(own === granted || own.startsWith(`${granted}#`)).toBe(false);
    }),
  );
  expect(limitKey('tracker', 'orders')).toBe('limit#tracker');
});

it('takes it for no mistake that consumers share what they have handled, where they say so', () => {
  const shared = (stack: Stack): void => {
    for (const id of ['One', 'Two']) consumerIn(stack, { consumerId: id, idempotencyScope: 'orders' }, id);
  };
  expect(warningsOf(shared)).toEqual([]);
  const policies = Object.values(synth(shared).findResources('AWS::IAM::Policy'));
  const granted = policies.filter((policy) => JSON.stringify(policy).includes('"idempotency#orders#*"'));
  expect(granted).toHaveLength(2);
});

it('refuses a key where the region is not known', () => {
  const problems = problemsOf((stack) => {
    new StateTable(stack, 'State', { encryptionKey: new Key(stack, 'Key') });
  });
  expect(problems).toEqual([
    expect.stringMatching(/^\[Shop\/State\] encryptionKey needs a stack whose region is set/),
  ]);
});

it('lets a consumer only read what others write about sources, and only if it asks', () => {
  const statementsOf = (access: object): unknown[] => {
    const template = synth((stack) => {
      const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      new StateTable(stack, 'State').grantConsumer(role, { consumerId: 'orders', queueNames: [], ...access });
    });
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
    return policy?.Properties.PolicyDocument.Statement;
  };
  expect(statementsOf({})).toHaveLength(2);
  expect(statementsOf({ readsDeniedSources: true, readsReputation: true })[2]).toMatchObject({
    Action: 'dynamodb:GetItem',
    Condition: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['denied-source#orders#*', 'reputation#*'] },
    },
  });
});

it('lets a consumer reach its own items and no others, with exact actions', () => {
  const template = synth((stack) => {
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const encryptionKey = new Key(stack, 'Key');
    new StateTable(stack, 'State', { encryptionKey }).grantConsumer(role, {
      consumerId: 'orders',
      queueNames: ['a', 'a-dlq'],
      circuits: ['tracker', 'mail'],
    });
  }, REGION);
  const statements = Template.fromJSON(template.toJSON()).findResources('AWS::IAM::Policy');
  const [policy] = Object.values(statements);
  expect(policy?.Properties.PolicyDocument.Statement).toEqual([
    {
      Action: [
        'dynamodb:BatchGetItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ],
      Condition: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': [
            'idempotency#orders#*',
            'message#a#*',
            'message#a-dlq#*',
            'dead-letters#orders#*',
          ],
        },
      },
      Effect: 'Allow',
      Resource: expect.objectContaining({ 'Fn::GetAtt': [expect.stringMatching(/^State/), 'Arn'] }),
    },
    {
      Action: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem'],
      Condition: {
        'ForAllValues:StringEquals': {
          'dynamodb:LeadingKeys': ['circuit#tracker', 'circuit#mail', 'circuit#intake#orders'],
        },
      },
      Effect: 'Allow',
      Resource: expect.objectContaining({ 'Fn::GetAtt': [expect.stringMatching(/^State/), 'Arn'] }),
    },
    {
      Action: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      Condition: { StringEquals: { 'kms:ViaService': expect.anything() } },
      Effect: 'Allow',
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
    },
  ]);
});

it('lets a function of one’s own read and change the circuits that are named', () => {
  const template = synth((stack) => {
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    new StateTable(stack, 'State').grantCircuits(role, 'tracker', 'mail');
  });
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  expect(policy?.Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({
      Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      Condition: {
        'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['circuit#tracker', 'circuit#mail'] },
      },
    }),
  ]);
});

it('asks for the names of circuits, and takes no pattern for one', () => {
  const granting = (grant: (table: StateTable, role: Role) => void) => (stack: Stack) => {
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    grant(new StateTable(stack, 'State'), role);
  };
  expect(problemsOf(granting((table, role) => table.grantCircuits(role, 'a.B-c_9')))).toEqual([]);
  // @ts-expect-error at least one name is asked for
  expect(problemsOf(granting((table, role) => table.grantCircuits(role)))).toEqual([
    expect.stringMatching(
      /^\[Shop\/State\] grantCircuits must be given the names of circuits, got undefined/,
    ),
  ]);
  for (const name of ['*', 'intake#orders', '']) {
    expect(problemsOf(granting((table, role) => table.grantCircuits(role, name)))).toEqual([
      expect.stringContaining(
        `grantCircuits must be 1 to 64 letters, digits, dots, hyphens or underscores, got '${name}'`,
      ),
    ]);
  }
});

it('lets a function of one’s own use the rate limits that are named, with all their shards', () => {
  const granting = (grant: (table: StateTable, role: Role) => void) => (stack: Stack) => {
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    grant(new StateTable(stack, 'State'), role);
  };
  const template = synth(granting((table, role) => table.grantLimits(role, 'tracker', 'mail')));
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  expect(policy?.Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({
      Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      Condition: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': ['limit#tracker', 'limit#tracker#*', 'limit#mail', 'limit#mail#*'],
        },
      },
    }),
  ]);
  // @ts-expect-error at least one name is asked for
  expect(problemsOf(granting((table, role) => table.grantLimits(role)))).toEqual([
    expect.stringMatching(/grantLimits must be given the names of rate limits, got undefined/),
  ]);
  expect(problemsOf(granting((table, role) => table.grantLimits(role, '*')))).toEqual([
    expect.stringContaining('grantLimits must be 1 to 64 letters'),
  ]);
});

it('lets an intake controller read the circuits and keep its own items, of consumers that are named later too', () => {
  const template = synth((stack) => {
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const consumerIds = ['orders'];
    const encryptionKey = new Key(stack, 'Key');
    new StateTable(stack, 'State', { encryptionKey }).grantIntakeController(role, consumerIds);
    consumerIds.push('invoices');
  }, REGION);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  const own = ['intake#orders', 'intake#invoices', 'timer#*'];
  expect(policy?.Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({ Action: expect.arrayContaining(['kms:Decrypt']) }),
    expect.objectContaining({
      Action: 'dynamodb:BatchGetItem',
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['circuit#*', ...own] } },
    }),
    expect.objectContaining({
      Action: 'dynamodb:PutItem',
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': own } },
    }),
    expect.objectContaining({
      Action: 'dynamodb:DeleteItem',
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['intake#orders', 'intake#invoices'] },
      },
    }),
  ]);
});
