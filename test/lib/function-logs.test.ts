import type { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import {
  type ConsumerFunctionProps,
  IntakeController,
  type ResilientConsumerProps,
} from '../../lib/index.ts';
import { consumerIn, problemsOf, synth } from './synth.ts';

const FUNCTION = 'AWS::Lambda::Function';

const build =
  (functionProps: ConsumerFunctionProps = {}, props: Partial<ResilientConsumerProps> = {}) =>
  (stack: Stack): void => {
    consumerIn(stack, { intake: false, functionProps, ...props });
  };

function loggingOf(functionProps: ConsumerFunctionProps = {}): Record<string, unknown> {
  const [created] = Object.values(synth(build(functionProps)).findResources(FUNCTION));
  const { LogGroup: _, ...logging } = created?.Properties.LoggingConfig ?? {};
  return logging;
}

const JSON_AT = (level: string) => ({
  LogFormat: 'JSON',
  ApplicationLogLevel: level,
  SystemLogLevel: 'INFO',
});

describe('the logs of a function that is made', () => {
  it('are JSON, down to INFO, and are kept for a month', () => {
    expect(loggingOf()).toEqual(JSON_AT('INFO'));
    synth(build()).hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it.each(['POWERTOOLS_LOG_LEVEL', 'LOG_LEVEL'])(
    'follow %s to more detail, since Lambda’s level wins over it',
    (name) => {
      expect(loggingOf({ environment: { [name]: 'debug' } })).toEqual(JSON_AT('DEBUG'));
    },
  );

  it.each(['WARN', 'ERROR', 'SILENT', 'nonsense'])(
    'stay text where the logger is asked for %s, so that metrics are not dropped with the lines',
    (level) => {
      expect(loggingOf({ environment: { POWERTOOLS_LOG_LEVEL: level } })).toEqual({});
    },
  );

  it('have the level and the format that are asked for', () => {
    const debug = lambda.ApplicationLogLevel.DEBUG;
    expect(loggingOf({ applicationLogLevelV2: debug })).toEqual(JSON_AT('DEBUG'));
    expect(loggingOf({ loggingFormat: lambda.LoggingFormat.TEXT })).toEqual({ LogFormat: 'Text' });
    expect(loggingOf({ systemLogLevelV2: lambda.SystemLogLevel.WARN })).toMatchObject({
      SystemLogLevel: 'WARN',
    });
  });

  it('are kept as long as is asked for, the controller’s too', () => {
    const retention = { logRetention: RetentionDays.ONE_YEAR };
    synth(build(retention)).hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 365 });
    const template = synth((stack) => new IntakeController(stack, 'Intake', retention));
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 365 });
    template.hasResourceProperties(FUNCTION, { LoggingConfig: JSON_AT('INFO') });
  });

  it('have one retention: that of the log group that is given', () => {
    const problems = problemsOf((stack) => {
      const both = { logGroup: new LogGroup(stack, 'Logs'), logRetention: RetentionDays.ONE_YEAR };
      build(both)(stack);
      new IntakeController(stack, 'Intake', both);
    });
    expect(problems).toEqual([
      expect.stringContaining('functionProps.logRetention must be left out with logGroup'),
      expect.stringContaining('[Shop/Intake] logRetention must be left out with logGroup'),
    ]);
  });
});

describe('a level at which Lambda drops metrics', () => {
  const applicationLogLevelV2 = lambda.ApplicationLogLevel.WARN;

  it('is refused', () => {
    expect(problemsOf(build({ applicationLogLevelV2 }))).toEqual([
      expect.stringContaining("functionProps.applicationLogLevelV2 must be INFO, DEBUG, TRACE, got 'WARN'"),
    ]);
  });

  it('is refused of a function that is given', () => {
    const problems = problemsOf((stack) => {
      const given = new lambda.Function(stack, 'Given', {
        runtime: lambda.Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: lambda.Code.fromInline('exports.handler = async () => {};'),
        loggingFormat: lambda.LoggingFormat.JSON,
        applicationLogLevelV2,
      });
      consumerIn(stack, { function: given, intake: false });
    });
    expect(problems).toEqual([expect.stringContaining('function.applicationLogLevelV2 must be')]);
  });

  it('is fine where there are no metrics', () => {
    expect(problemsOf(build({ applicationLogLevelV2 }, { observability: 'off' }))).toEqual([]);
  });
});
