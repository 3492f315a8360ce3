import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Code, FunctionUrlAuthType, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { parseHealthSettings } from '../../lambdas/core/health/parse-settings.ts';
import { HEALTH_SETTINGS_VARIABLE } from '../../lambdas/core/health/settings.ts';
import { HealthCheck, type HealthCheckProps, PriorityLanes, StateTable } from '../../lib/index.ts';
import { withoutHealthDefaults } from '../../lib/private/health-settings.ts';
import { consumerIn, ENTRY, problemsOf, stackWith, synth, UNBUNDLED } from './synth.ts';

/** A health check of two consumers. */
const two =
  (props: Partial<HealthCheckProps> = {}, then: (health: HealthCheck, stack: Stack) => void = () => {}) =>
  (stack: Stack): void => {
    const orders = consumerIn(stack, { consumerId: 'orders', circuits: { tracker: {}, mail: {} } }, 'Orders');
    const invoices = consumerIn(stack, { consumerId: 'invoices' }, 'Invoices');
    then(new HealthCheck(stack, 'Health', { consumers: [orders, invoices], ...props }), stack);
  };

/** What the function is told, with the logical id in place of each reference. */
function toldOf(template: Template): Record<string, unknown> {
  const [fn] = Object.values(
    template.findResources('AWS::Lambda::Function', {
      Properties: { Environment: { Variables: { [HEALTH_SETTINGS_VARIABLE]: Match.anyValue() } } },
    }),
  );
  const parts: unknown[] = fn?.Properties.Environment.Variables[HEALTH_SETTINGS_VARIABLE]['Fn::Join'][1];
  const text = parts.map((part) => (typeof part === 'string' ? part : `<${Object.values(part ?? {})}>`));
  return JSON.parse(text.join(''));
}

function policiesOf(template: Template, id: RegExp): unknown[] {
  return Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([name]) => id.test(name))
    .map(([, { Properties }]) => Properties.PolicyDocument.Statement);
}

describe('what the function is told', () => {
  it('is its consumers, and of the rest what is not the default', () => {
    expect(toldOf(synth(two()))).toEqual({
      stateTable: '<SpillwayStateTable9919068D>',
      consumers: [
        {
          consumerId: 'orders',
          queue: expect.stringMatching(/OrdersQueue/),
          deadLetterQueue: expect.stringMatching(/OrdersQueue.*dlq/i),
          quarantineQueue: expect.stringMatching(/OrdersQueue.*quarantine/i),
          mappingId: expect.stringMatching(/^<OrdersFunctionSqsEventSource/),
          circuits: ['tracker', 'mail'],
          retryUntilSeconds: 342_000,
          retentionSeconds: 345_600,
        },
        expect.objectContaining({ consumerId: 'invoices', circuits: ['default'] }),
      ],
    });
  });

  it('is what was asked for', () => {
    const template = synth(
      two({
        queueAge: { degraded: Duration.minutes(1), unhealthy: Duration.minutes(10) },
        deadLetterGrowth: { degraded: 0 },
        quarantineGrowth: { degraded: 200 },
        halfOpenFor: Duration.minutes(1),
        critical: { circuits: true, queueAge: false },
        cacheFor: Duration.seconds(1),
        apiCacheFor: Duration.seconds(0),
        timeout: Duration.millis(500),
        details: false,
      }),
    );
    const { stateTable: _table, consumers: _consumers, ...rest } = toldOf(template);
    expect(rest).toEqual({
      thresholds: {
        queueAgeSeconds: { degraded: 60, unhealthy: 600 },
        deadLetterGrowth: { degraded: 0 },
        quarantineGrowth: { degraded: 200, unhealthy: 200 },
        halfOpenForMs: 60_000,
      },
      critical: { circuits: true, queueAge: false },
      cacheForMs: 1_000,
      apiCacheForMs: 0,
      timeoutMs: 500,
      details: false,
    });
  });

  it('is what the runtime makes of it: the settings of the construct', () => {
    const props: Partial<HealthCheckProps>[] = [
      {},
      {
        queueAge: { degraded: Duration.hours(2) },
        critical: { intake: false },
        apiCacheFor: Duration.seconds(0),
      },
    ];
    for (const each of props) {
      stackWith(
        two(each, ({ settings }) => {
          expect(parseHealthSettings(withoutHealthDefaults(settings))).toEqual(settings);
        }),
      );
    }
  });
});

describe('the function', () => {
  const memoryOf = (props: Partial<HealthCheckProps>) =>
    Object.values(synth(two(props)).findResources('AWS::Lambda::Function'))
      .map(({ Properties }) => Properties)
      .find(({ Description }) => Description === 'Answers whether consumers live and are ready')?.MemorySize;

  it('has processor time enough to connect within its time-out, or what is asked for', () => {
    expect(memoryOf({})).toBe(1_024);
    expect(memoryOf({ functionProps: { memorySize: 512 } })).toBe(512);
  });
});

describe('the URL', () => {
  it('takes signed requests only, unless it is told otherwise', () => {
    const template = synth(two());
    template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM' });
    template.resourceCountIs('AWS::Lambda::Permission', 0 + schedules(template));
  });

  it('tells everybody the status alone, and warns, where everybody may call it', () => {
    const stack = stackWith(
      two({ authType: FunctionUrlAuthType.NONE }, ({ settings }) => {
        expect(settings.details).toBe(false);
      }),
    );
    Annotations.fromStack(stack).hasWarning(
      '/Shop/Health',
      Match.stringLikeRegexp('each request is paid for'),
    );
    const detailed = two({ authType: FunctionUrlAuthType.NONE, details: true }, ({ settings }) => {
      expect(settings.details).toBe(true);
    });
    stackWith(detailed);
  });

  it('is left out for who attaches the function to an API', () => {
    synth(
      two({ url: false }, ({ url }) => {
        expect(url).toBeUndefined();
      }),
    ).resourceCountIs('AWS::Lambda::Url', 0);
  });

  it('is granted with both permissions that Lambda asks for', () => {
    const template = synth(
      two({}, (health, stack) => {
        const role = new Role(stack, 'Monitor', { assumedBy: new AccountPrincipal('111122223333') });
        health.grantInvoke(role);
      }),
    );
    const [statements] = policiesOf(template, /^Monitor/);
    expect(statements).toMatchObject([
      {
        Action: 'lambda:InvokeFunctionUrl',
        Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
      },
      { Action: 'lambda:InvokeFunction', Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': true } } },
    ]);
  });

  it('is not needed to grant an invocation', () => {
    const template = synth(
      two({ url: false }, (health, stack) => {
        const role = new Role(stack, 'Monitor', { assumedBy: new AccountPrincipal('111122223333') });
        health.grantInvoke(role);
      }),
    );
    expect(policiesOf(template, /^Monitor/)).toMatchObject([[{ Action: 'lambda:InvokeFunction' }]]);
  });
});

/** Permissions of the intake controller's schedule. */
function schedules(template: Template): number {
  return Object.keys(template.findResources('AWS::Events::Rule')).length;
}

describe('the permissions', () => {
  const keys = (prefix: string) => [
    `${prefix}circuit#tracker`,
    `${prefix}circuit#mail`,
    `${prefix}circuit#intake#orders`,
  ];
  const reads = [
    {
      Action: 'dynamodb:BatchGetItem',
      Condition: {
        'ForAllValues:StringEquals': {
          'dynamodb:LeadingKeys': [
            ...keys(''),
            'circuit#default#invoices',
            'circuit#intake#invoices',
            ...keys('timer#'),
            'timer#circuit#default#invoices',
            'timer#circuit#intake#invoices',
            'intake#orders',
            'intake#invoices',
          ],
        },
      },
      Effect: 'Allow',
      Resource: { 'Fn::GetAtt': [expect.stringMatching('SpillwayStateTable'), 'Arn'] },
    },
    {
      Action: 'lambda:GetEventSourceMapping',
      Effect: 'Allow',
      Resource: [expect.anything(), expect.anything()],
    },
  ];
  const metrics = [{ Action: 'cloudwatch:GetMetricData', Effect: 'Allow', Resource: '*' }];

  it('are to read what it looks at, and to write its log', () => {
    const logs = { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] };
    expect(policiesOf(synth(two()), /^Health/)).toEqual([[expect.objectContaining(logs), ...reads], metrics]);
  });

  it('and the settings are given to a function of one’s own', () => {
    const own = (stack: Stack) =>
      new LambdaFunction(stack, 'Api', {
        runtime: Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: Code.fromInline('exports.handler = async () => {};'),
      });
    const template = synth(two({}, (health, stack) => health.connect(own(stack))));
    expect(policiesOf(template, /^Api/)).toEqual([reads, metrics]);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Code: { ZipFile: Match.anyValue() },
      Environment: { Variables: { [HEALTH_SETTINGS_VARIABLE]: Match.anyValue() } },
    });
    const twice = two({}, (health, stack) => {
      const api = own(stack);
      health.connect(api);
      health.connect(api);
    });
    expect(problemsOf(twice)).toEqual([
      expect.stringContaining(
        "[Shop/Health] connect must be given a function without a health check, got 'Shop/Health'",
      ),
    ]);
  });

  it('satisfy cdk-nag, with a reason for the one that knows no resource', () => {
    const app = new App({ context: { ...UNBUNDLED, '@aws-cdk/core:validateAgainstDefaultRules': true } });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    two()(new Stack(app, 'Shop'));
    expect(() => app.synth()).not.toThrow();
  });
});

it('looks at every lane of priority lanes', () => {
  const template = synth((stack) => {
    const notices = new PriorityLanes(stack, 'Notices', {
      entry: ENTRY,
      consumerId: 'notices',
      maxConcurrency: 8,
    });
    new HealthCheck(stack, 'Health', { consumers: notices.consumers });
  });
  expect(toldOf(template).consumers).toMatchObject([
    { consumerId: 'notices-critical' },
    { consumerId: 'notices-high' },
    { consumerId: 'notices-normal' },
    { consumerId: 'notices-low' },
  ]);
});

it('keeps the ids of its children: a URL that changes is asked by nobody', () => {
  const ids = Object.keys(synth(two()).toJSON().Resources).filter((id) => id.startsWith('Health'));
  expect(ids.sort()).toEqual([
    'HealthFunction64F2C32C',
    'HealthFunctionFunctionUrl06EAB84B',
    'HealthFunctionSpillwayHealthCheckMetrics47F23E07',
    'HealthLogs774F13BC',
    'HealthRole9992383A',
    'HealthRoleDefaultPolicyA2693145',
  ]);
});

it('looks at consumers whose table is imported twice', () => {
  const build = (stack: Stack): void => {
    const consumers = ['One', 'Two'].map((id) => {
      const stateTable = StateTable.fromTableName(stack, `${id}Table`, 'shop-state');
      return consumerIn(stack, { consumerId: id, stateTable, intake: false }, id);
    });
    new HealthCheck(stack, 'Health', { consumers });
  };
  expect(problemsOf(build)).toEqual([]);
});

describe('problems at synthesis', () => {
  it('are all told at once', () => {
    const build = two({
      queueAge: { degraded: Duration.minutes(10), unhealthy: Duration.minutes(5) },
      deadLetterGrowth: { degraded: -1 },
      halfOpenFor: Duration.days(2),
      cacheFor: Duration.seconds(61),
      timeout: Duration.seconds(20),
      functionProps: { timeout: Duration.seconds(20) },
      entry: 'nowhere.ts',
      url: false,
      authType: FunctionUrlAuthType.NONE,
      critical: Object.fromEntries([['curcuits', true]]),
    });
    const rules = [
      'timeout must be less than functionProps.timeout of 20000 milliseconds, got 20,000',
      'critical must be of the kinds stateTable, circuits,',
      'queueAge.unhealthy must be an integer from 600 to 1,209,600 seconds, got 300',
      'deadLetterGrowth.degraded must be an integer from 0 to 1,000,000 messages, got -1',
      'halfOpenFor must be an integer from 1 to 86,400,000 milliseconds',
      'cacheFor must be an integer from 0 to 60,000 milliseconds, got 61,000',
      "entry must be a file that exists, got 'nowhere.ts'",
      "authType must be left out without a url, got 'NONE'",
    ];
    expect(problemsOf(build)).toEqual(rules.map((rule) => expect.stringContaining(`[Shop/Health] ${rule}`)));
  });

  it('are consumers that it cannot look at together', () => {
    const build = (stack: Stack): void => {
      const orders = consumerIn(stack, { consumerId: 'orders' }, 'Orders');
      const stateTable = new StateTable(stack, 'Other');
      const other = consumerIn(stack, { consumerId: 'other', stateTable }, 'Elsewhere');
      new HealthCheck(stack, 'Health', { consumers: [orders, other] });
      new HealthCheck(stack, 'Twice', { consumers: [orders, orders] });
      new HealthCheck(stack, 'None', { consumers: [] });
    };
    expect(problemsOf(build)).toEqual([
      expect.stringContaining(
        "[Shop/Health] consumers must share the state table of Shop/Orders, got 'Shop/Elsewhere'",
      ),
      expect.stringContaining("[Shop/Twice] consumers must have ids that differ, got 'orders'"),
      expect.stringContaining("[Shop/None] consumers must be one or more, got 'none'"),
    ]);
  });

  it('are consumers elsewhere', () => {
    const build = (stack: Stack): void => {
      const elsewhere = new Stack(stack.node.root as App, 'Elsewhere', { env: { region: 'eu-west-1' } });
      new HealthCheck(stack, 'Health', { consumers: [consumerIn(elsewhere, { consumerId: 'orders' })] });
    };
    expect(problemsOf(build)).toEqual([
      expect.stringContaining(
        "[Shop/Health] consumers must be in aws://unknown-account/unknown-region, as the health check is, got 'Elsewhere/Consumer in aws://unknown-account/eu-west-1'",
      ),
    ]);
  });

  /** A health check of so many consumers. */
  const many =
    (count: number, props: Partial<HealthCheckProps> = {}) =>
    (stack: Stack): void => {
      const consumers = Array.from({ length: count }, (_each, at) =>
        consumerIn(stack, { consumerId: `consumer-${at + 10}`, intake: false }, `C${at + 10}`),
      );
      new HealthCheck(stack, 'Health', { consumers, ...props });
    };

  it('are too many consumers for one environment', () => {
    expect(problemsOf(many(12))).toEqual([]);
    expect(problemsOf(many(16))).toEqual([
      expect.stringMatching(
        /^\[Shop\/Health\] consumers must fit 4096 bytes in the environment of Shop\/Health\/Function.*divide the 16 consumers/,
      ),
    ]);
  });

  it('are other variables that leave them no room', () => {
    const environment = { NOTES: 'x'.repeat(3_500) };
    expect(problemsOf(many(1, { functionProps: { environment } }))).toEqual([]);
    expect(problemsOf(many(3, { functionProps: { environment } }))).toEqual([
      expect.stringContaining('[Shop/Health] consumers must fit 4096 bytes'),
    ]);
  });
});
