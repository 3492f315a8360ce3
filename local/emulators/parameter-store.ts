import { booleanAt, isObject, parseJson, stringAt } from '../json.ts';
import { ApiError, type ApiService } from './json-service.ts';
import { targetOperation } from './request-log.ts';

interface StoredParameter {
  readonly arn: string;
  readonly name: string;
  readonly type: string;
  readonly tier: string;
  value: string;
  version: number;
  modifiedAtEpochSeconds: number;
}

/** The parameters that the local stack answers for. */
export interface ParameterStore {
  add(parameter: { arn: string; name: string; type: string; tier: string; value: string }): void;
  readonly api: ApiService;
}

/** Most characters of a value by tier. Source: the Parameter Store quotas. */
const MOST_CHARACTERS: Readonly<Record<string, number>> = { Standard: 4_096, Advanced: 8_192 };

/**
 * A small Parameter Store: GetParameter, GetParameters and PutParameter by name or ARN. Versions are counted, but only
 * the newest can be read; paths, labels, policies and encryption are not played.
 *
 * @param arnOf ARN of a parameter that is put without having been deployed
 */
export function createParameterStore(arnOf: (name: string) => string): ParameterStore {
  const parameters: StoredParameter[] = [];
  const find = (id: string | undefined): StoredParameter | undefined =>
    parameters.find(({ arn, name }) => arn === id || name === id);
  const need = (id: string | undefined): StoredParameter => {
    const parameter = find(id);
    if (parameter === undefined) throw new ApiError(400, 'ParameterNotFound', `Parameter ${id} not found.`);
    return parameter;
  };

  function checkSize(value: string, tier: string): void {
    const most = MOST_CHARACTERS[tier] ?? Number.POSITIVE_INFINITY;
    if (value.length >= 1 && value.length <= most) return;
    throw new ApiError(
      400,
      'ValidationException',
      `${tier} tier parameters support 1 to ${most} characters.`,
    );
  }

  const operations: Readonly<Record<string, (input: unknown) => unknown>> = {
    GetParameter: (input) => ({ Parameter: shown(need(stringAt(input, 'Name'))) }),
    GetParameters(input) {
      const names: unknown[] = isObject(input) && Array.isArray(input.Names) ? input.Names : [];
      const found = names.map((name) => find(String(name)));
      return {
        Parameters: found.filter((parameter) => parameter !== undefined).map(shown),
        InvalidParameters: names.filter((_name, at) => found[at] === undefined),
      };
    },
    PutParameter(input) {
      const name = stringAt(input, 'Name') ?? '';
      const value = stringAt(input, 'Value') ?? '';
      const before = find(name);
      const tier = stringAt(input, 'Tier') ?? before?.tier ?? 'Standard';
      checkSize(value, tier);
      if (before === undefined) {
        store.add({ arn: arnOf(name), name, type: stringAt(input, 'Type') ?? 'String', tier, value });
        return { Version: 1, Tier: tier };
      }
      if (!booleanAt(input, 'Overwrite')) {
        const message = 'The parameter already exists. To overwrite this value, set the overwrite option.';
        throw new ApiError(400, 'ParameterAlreadyExists', message);
      }
      before.value = value;
      before.version += 1;
      before.modifiedAtEpochSeconds = now();
      return { Version: before.version, Tier: before.tier };
    },
  };

  const store: ParameterStore = {
    add(parameter) {
      parameters.push({ ...parameter, version: 1, modifiedAtEpochSeconds: now() });
    },
    api: {
      service: 'ssm',
      operation: ({ headers }) => targetOperation(headers['x-amz-target']),
      serve: async ({ body }, operation) => {
        const handler = operations[operation];
        if (handler === undefined) {
          const message = `${operation} is not played by the local stack`;
          throw new ApiError(400, 'UnknownOperationException', message);
        }
        const input = body === '' ? {} : parseJson(body);
        return { status: 200, body: handler(isObject(input) ? input : {}) };
      },
    },
  };
  return store;
}

function shown({ arn, name, type, value, version, modifiedAtEpochSeconds }: StoredParameter): unknown {
  return {
    ARN: arn,
    Name: name,
    Type: type,
    Value: value,
    Version: version,
    LastModifiedDate: modifiedAtEpochSeconds,
    DataType: 'text',
  };
}

function now(): number {
  return Math.floor(Date.now() / 1_000);
}
