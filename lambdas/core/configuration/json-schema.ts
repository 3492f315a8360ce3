import type { Knob } from './knob.ts';
import { LANGUAGE } from './language.ts';
import { DURATION_PATTERN, durationText, SIZE_PATTERN, sizeText } from './quantities.ts';

/** A JSON schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON schema (draft 7, which editors know best) of configuration files. */
export function configurationSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Spillway configuration',
    ...schemaOf(LANGUAGE, true),
  };
}

function schemaOf(knob: Knob, top = false): JsonSchema {
  const shape = shapeOf(knob, top);
  const alternatives = [
    ...(knob.orFalse === undefined ? [] : [{ const: false, description: knob.orFalse }]),
    ...('orTrue' in knob && knob.orTrue !== undefined ? [{ const: true, description: knob.orTrue }] : []),
  ];
  const schema = alternatives.length === 0 ? shape : { anyOf: [shape, ...alternatives] };
  return { description: descriptionOf(knob), ...schema };
}

function descriptionOf(knob: Knob): string {
  const range = rangeOf(knob);
  return [
    knob.doc,
    ...(range === undefined ? [] : [`${range}.`]),
    ...(knob.default === undefined ? [] : [`Default: ${knob.default}.`]),
    ...(knob.live === true && range !== undefined ? ['May change at run time.'] : []),
  ].join(' ');
}

/** The range of an option as text, such as `1ms to 1d`; nothing for those without one. */
export function rangeOf(knob: Knob): string | undefined {
  if (!('range' in knob)) return undefined;
  const { min, max } = knob.range;
  const written = knob.type === 'duration' ? durationText : knob.type === 'size' ? sizeText : String;
  const range =
    max === Number.MAX_SAFE_INTEGER ? `${written(min)} or more` : `${written(min)} to ${written(max)}`;
  return knob.type === 'duration' && knob.step !== undefined ? `${range}, in whole seconds` : range;
}

function shapeOf(knob: Knob, top: boolean): JsonSchema {
  switch (knob.type) {
    case 'duration':
      return { type: 'string', pattern: DURATION_PATTERN, examples: [durationText(knob.range.max)] };
    case 'size':
      return { type: 'string', pattern: SIZE_PATTERN, examples: [sizeText(knob.range.max)] };
    case 'integer':
    case 'number': {
      const { min, max } = knob.range;
      const bounded = max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max };
      return { type: knob.type, minimum: min, ...bounded };
    }
    case 'flag':
      return { type: 'boolean' };
    case 'choice':
      return { enum: [...knob.of] };
    case 'text':
      return { type: 'string', pattern: knob.pattern.source };
    case 'reference':
      return { type: 'string' };
    case 'list':
      return { type: 'array', minItems: 1, items: schemaOf(knob.of) };
    case 'section': {
      const entries = Object.entries(knob.keys);
      const required = entries.filter(([, each]) => each.required === true).map(([name]) => name);
      return {
        type: ['object', 'null'],
        additionalProperties: false,
        ...(required.length === 0 ? {} : { required }),
        properties: {
          // Editors of JSON find the schema by it.
          ...(top ? { $schema: { type: 'string' } } : {}),
          ...Object.fromEntries(entries.map(([name, each]) => [name, schemaOf(each)])),
        },
      };
    }
    case 'map':
      return {
        type: ['object', 'null'],
        propertyNames: { pattern: knob.name.source },
        additionalProperties: schemaOf(knob.each),
      };
  }
}
