import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

/** Context that leaves functions unbundled: tests of properties need no code. */
export const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] };

/** Build a stack, and return it with its template. Synthesis fails on any problem. */
export function synth(
  build: (stack: Stack) => void,
  props: StackProps = {},
): { stack: Stack; template: Template } {
  const stack = stackWith(build, props);
  return { stack, template: Template.fromStack(stack) };
}

/** Build a stack without synthesizing it. */
export function stackWith(build: (stack: Stack) => void, props: StackProps = {}): Stack {
  const app = new App({ context: UNBUNDLED });
  const stack = new Stack(app, 'Shop', props);
  build(stack);
  return stack;
}

/** Every problem that validation finds in the tree, as the toolkit prints it. */
export function problemsOf(build: (stack: Stack) => void, props: StackProps = {}): string[] {
  const stack = stackWith(build, props);
  return stack.node
    .findAll()
    .flatMap((node) => node.node.validate().map((text) => `${node.node.path}: ${text}`));
}
