import { App } from 'aws-cdk-lib';
import { OrderProcessingStack } from './stack.ts';

const app = new App();
const customerServiceUrl: unknown = app.node.tryGetContext('customerServiceUrl');
if (typeof customerServiceUrl !== 'string') throw new Error('give the context "customerServiceUrl"');
new OrderProcessingStack(app, 'OrderProcessing', {
  customerServiceUrl,
  hurried: app.node.tryGetContext('hurried') === true,
});
app.synth();
