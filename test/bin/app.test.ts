import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { WebhookIntakeStack } from '../../examples/webhook-intake/stack.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
}

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const template = Template.fromStack(new WebhookIntakeStack(app, 'WebhookIntake'));
const statements = ['AWS::IAM::Policy', 'AWS::IAM::Role'].flatMap((type) =>
  Object.values(template.findResources(type)).flatMap((resource): Statement[] => [
    ...(resource.Properties.PolicyDocument?.Statement ?? []),
    ...(resource.Properties.AssumeRolePolicyDocument?.Statement ?? []),
  ]),
);

describe('the stack that is deployed', () => {
  it('allows no wildcard actions', () => {
    expect(statements.length).toBeGreaterThan(0);
    const actions = statements.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('allows nothing on all resources', () => {
    const resources = statements.flatMap(({ Resource }) => Resource ?? []);
    expect(resources.filter((resource) => resource === '*')).toEqual([]);
  });

  it('keeps secrets out of the environment', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function'))) {
      expect(JSON.stringify(Properties.Environment)).not.toMatch(/resolve:secretsmanager|SecretString/);
    }
  });
});
