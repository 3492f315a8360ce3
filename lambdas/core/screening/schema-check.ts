import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Finding } from '../failure-envelope.ts';
import type { ReceivedMessage } from '../message.ts';
import { type Check, rejection } from './check.ts';
import { jsonPointer } from './json-pointer.ts';

/**
 * A schema (zod, valibot, arktype, or anything else that speaks Standard Schema), or a function that picks one by
 * what the message says.
 */
export type SchemaSource<T> =
  | StandardSchemaV1<unknown, T>
  | ((message: ReceivedMessage) => StandardSchemaV1<unknown, T> | undefined);

/** Findings that are kept of one validation. */
const MOST_FINDINGS = 20;

/** Validate the payload; the handler gets what the schema makes of it. A schema or a selector that throws refuses. */
export function schemaCheck<T>(source: SchemaSource<T>): Check {
  return {
    name: 'schema',
    async inspect(candidate) {
      let result: StandardSchemaV1.Result<T>;
      try {
        const schema = isSchema(source) ? source : source(candidate.message);
        if (schema === undefined) return rejection('SCHEMA_VALIDATION_FAILED', 'no schema for this message');
        result = await schema['~standard'].validate(candidate.payload);
      } catch (error) {
        const name = error instanceof Error ? error.name : typeof error;
        return rejection('SCHEMA_VALIDATION_FAILED', `the validator failed with ${name}`);
      }
      if (result.issues !== undefined) {
        const findings = result.issues.slice(0, MOST_FINDINGS).map(findingOf);
        return { reason: 'SCHEMA_VALIDATION_FAILED', findings };
      }
      candidate.payload = result.value;
      return undefined;
    },
  };
}

/** Arktype's schemas are functions, so it is the property that tells. */
function isSchema<T>(source: SchemaSource<T>): source is StandardSchemaV1<unknown, T> {
  return '~standard' in source;
}

/** An issue of a validation as a finding. */
export function findingOf({ message, path }: StandardSchemaV1.Issue): Finding {
  const keys = (path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
  return { pointer: jsonPointer(keys), message: message.slice(0, 500) };
}
