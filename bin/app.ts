import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { type Pace, WebhookIntakeStack } from '../examples/webhook-intake/stack.ts';

const PACES: readonly Pace[] = ['production', 'demo'];

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
new WebhookIntakeStack(app, 'WebhookIntake', {
  description: 'GitHub webhooks, forwarded to a tracker once each',
  pace: paceOf(app.node.tryGetContext('pace') ?? 'production'),
});
app.synth();

function paceOf(given: unknown): Pace {
  const pace = PACES.find((each) => each === given);
  if (pace === undefined)
    throw new Error(`the context "pace" must be one of ${PACES.join(', ')}, got ${String(given)}`);
  return pace;
}
