import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { INTAKE_SETTINGS_VARIABLE } from '../../lambdas/core/intake/settings.ts';
import { ResilientConsumer, type ResilientConsumerProps, ResilientQueue } from '../../lib/index.ts';

/** Context that leaves functions unbundled: tests of properties need no code. */
export const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] };

/** A handler to bundle. */
export const ENTRY = 'test/lib/fixtures/handler.ts';

/** Build a stack without synthesizing it. */
export function stackWith(build: (stack: Stack) => void, props: StackProps = {}): Stack {
  const app = new App({ context: UNBUNDLED });
  const stack = new Stack(app, 'Shop', props);
  build(stack);
  return stack;
}

/** Build a stack and return its template. Synthesis fails on any problem. */
export function synth(build: (stack: Stack) => void, props: StackProps = {}): Template {
  return Template.fromStack(stackWith(build, props));
}

/** Every problem that validation finds, each with the path of its construct in front, as the toolkit prints it. */
export function problemsOf(build: (stack: Stack) => void): string[] {
  return stackWith(build)
    .node.findAll()
    .flatMap((construct) => construct.node.validate().map((text) => `[${construct.node.path}] ${text}`));
}

/** Warnings of a synthesized stack, as text. */
export function warningsOf(build: (stack: Stack) => void): string[] {
  return Annotations.fromStack(stackWith(build))
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => String(entry.data));
}

/** A consumer of a queue of its own, for tests that look at one of them. */
export function consumerIn(
  stack: Stack,
  props: Partial<ResilientConsumerProps> = {},
  id = 'Consumer',
): ResilientConsumer {
  const queue = props.queue ?? new ResilientQueue(stack, `${id}Queue`);
  const code = props.function === undefined ? { entry: ENTRY } : {};
  return new ResilientConsumer(stack, id, { ...code, ...props, queue });
}

/** Logical ids of a template by type, sorted. */
export function idsByType(template: Template): Record<string, string[]> {
  const ids: Record<string, string[]> = {};
  for (const [id, { Type }] of Object.entries(resourcesOf(template))) {
    ids[Type] = [...(ids[Type] ?? []), id].sort();
  }
  return ids;
}

/** Resources of a template by logical id. */
export function resourcesOf(template: Template): Record<string, { Type: string; Properties: unknown }> {
  return template.toJSON().Resources;
}

/** Settings in the environment of the controller's function, with the logical id in place of each reference. */
export function intakeSettings(template: Template): unknown {
  const controllers = template.findResources('AWS::Lambda::Function', {
    Properties: { Environment: { Variables: { [INTAKE_SETTINGS_VARIABLE]: Match.anyValue() } } },
  });
  const [controller] = Object.values(controllers);
  const parts: unknown[] =
    controller?.Properties.Environment.Variables[INTAKE_SETTINGS_VARIABLE]['Fn::Join'][1];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : refOf(part))).join(''));
}

function refOf(part: unknown): string {
  return typeof part === 'object' && part !== null && 'Ref' in part ? `<${String(part.Ref)}>` : '?';
}
