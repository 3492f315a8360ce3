import * as z from 'zod';

type Json = Readonly<Record<string, unknown>>;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  email: 'ann@example.com',
  uri: 'https://example.com',
  uuid: '7f3a1c52-6b1e-4f0a-9d59-3f5a2b1c4d6e',
};

/** A payload that a schema accepts, if it is one of zod's. */
export function sampleOf(schema: unknown): unknown {
  if (!(schema instanceof z.ZodType)) return undefined;
  return fitting(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

function fitting(schema: unknown): unknown {
  if (!isObject(schema)) return null;
  if ('const' in schema) return schema.const;
  if ('default' in schema) return schema.default;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  for (const options of [schema.anyOf, schema.oneOf, schema.allOf]) {
    if (Array.isArray(options)) return fitting(options[0]);
  }
  switch (schema.type) {
    case 'string':
      return FORMATS[String(schema.format)] ?? 'x'.repeat(Math.max(2, Number(schema.minLength ?? 0)));
    case 'number':
    case 'integer':
      return Math.max(1, Number(schema.minimum ?? 0), Number(schema.exclusiveMinimum ?? 0) + 1);
    case 'boolean':
      return true;
    case 'array':
      return [fitting(schema.items)];
    case 'object': {
      const properties = isObject(schema.properties) ? schema.properties : {};
      const required = Array.isArray(schema.required) ? schema.required : [];
      return Object.fromEntries(required.map((name) => [name, fitting(properties[String(name)])]));
    }
    default:
      return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
