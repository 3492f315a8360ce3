import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { SETTINGS_VARIABLE } from '../../lambdas/core/settings.ts';
import { consumerIn, synth, UNBUNDLED, warningsOf } from './synth.ts';

const traced = (mode: string) => ({ TracingConfig: { Mode: mode } });
const writes = {
  PolicyDocument: Match.objectLike({
    Statement: [
      {
        Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
        Effect: 'Allow',
        Resource: '*',
      },
    ],
  }),
};

describe('tracing', () => {
  it('is off unless it is asked for', () => {
    const template = synth((stack) => void consumerIn(stack));
    template.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: Match.absent() });
    template.resourcePropertiesCountIs('AWS::IAM::Policy', writes, 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('"tracing');
  });

  it('traces the function, lets it write segments and nothing else, and tells the runtime', () => {
    const template = synth((stack) => void consumerIn(stack, { tracing: true }));
    template.hasResourceProperties('AWS::Lambda::Function', traced('Active'));
    template.resourcePropertiesCountIs('AWS::IAM::Policy', writes, 1);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { [SETTINGS_VARIABLE]: Match.objectLike({}) } },
    });
    expect(consumerIn(new Stack(new App({ context: UNBUNDLED }))).settings.tracing).toBeUndefined();
    const stack = new Stack(new App({ context: UNBUNDLED }));
    expect(consumerIn(stack, { tracing: true }).settings.tracing).toBe(true);
  });

  it('has the function wait for that permission, without which Lambda refuses to trace it', () => {
    const template = synth((stack) => void consumerIn(stack, { tracing: true }));
    const [id] = Object.keys(template.findResources('AWS::IAM::Policy', { Properties: writes }));
    template.hasResource('AWS::Lambda::Function', { DependsOn: Match.arrayWith([id]) });
  });

  it('leaves what functionProps say of it as it is', () => {
    const functionProps = { tracing: Tracing.PASS_THROUGH };
    const template = synth((stack) => void consumerIn(stack, { tracing: true, functionProps }));
    template.hasResourceProperties('AWS::Lambda::Function', traced('PassThrough'));
  });

  it('warns where the function is somebody else’s, and may not be traced', () => {
    const warnings = warningsOf((stack) => {
      const code = Code.fromInline('exports.handler = async () => {};');
      const own = new LambdaFunction(stack, 'Own', {
        runtime: Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code,
      });
      consumerIn(stack, { function: own, tracing: true });
    });
    expect(warnings.join('\n')).toContain('function should be traced by itself');
  });

  it('passes cdk-nag and the rules of CloudFormation', () => {
    const app = new App({ context: { ...UNBUNDLED, '@aws-cdk/core:validateAgainstDefaultRules': true } });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    const stack = new Stack(app, 'Shop');
    consumerIn(stack, { tracing: true }, 'Orders');
    expect(() => app.synth()).not.toThrow();
    expect(() => Template.fromStack(stack)).not.toThrow();
  });
});
