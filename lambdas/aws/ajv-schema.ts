import type { StandardSchemaV1 } from '@standard-schema/spec';

/** The part of a compiled ajv validator that is used. */
export interface CompiledValidator<T> {
  (data: unknown): data is T;
  errors?: readonly ValidatorError[] | null;
}

/** An error of ajv. */
export interface ValidatorError {
  /** JSON pointer to the value. */
  readonly instancePath: string;
  readonly message?: string;
}

/**
 * Use a JSON Schema, compiled by ajv, wherever a Standard Schema is asked for. ajv itself comes from you, so
 * consumers without JSON Schema carry none of it.
 *
 * @example
 * const validate = new Ajv({ allErrors: true }).compile<Order>(orderSchema);
 * export const handler = resilientConsumer({ schema: ajvSchema(validate), ... });
 */
export function ajvSchema<T>(validate: CompiledValidator<T>): StandardSchemaV1<unknown, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'ajv',
      validate(value) {
        if (validate(value)) return { value };
        return { issues: (validate.errors ?? []).map(issueOf) };
      },
    },
  };
}

function issueOf({
  instancePath,
  message = 'does not fit the schema',
}: ValidatorError): StandardSchemaV1.Issue {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { message, path };
}
