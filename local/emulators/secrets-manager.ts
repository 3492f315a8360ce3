import { isObject, parseJson, stringAt } from '../json.ts';
import { ApiError, type ApiService } from './json-service.ts';
import { targetOperation } from './request-log.ts';

/** A secret's two versions that rotation needs. */
export interface SecretVersions {
  readonly current: string;
  readonly previous?: string;
}

interface StoredSecret {
  readonly arn: string;
  readonly name: string;
  readonly createdAtEpochSeconds: number;
  versions: { stage: 'AWSCURRENT' | 'AWSPREVIOUS'; id: string; value: string }[];
}

/** The secrets that the local stack answers for. */
export interface SecretStore {
  add(secret: { arn: string; name: string; versions: SecretVersions }): void;
  /** Store a new current version; the one before becomes AWSPREVIOUS. */
  put(id: string, value: string): void;
  readonly api: ApiService;
}

const NOT_FOUND = 'ResourceNotFoundException';

/**
 * A small Secrets Manager: GetSecretValue by version stage or id, PutSecretValue (which rotates), DescribeSecret.
 * Binary secrets, rotation schedules and resource policies are not played.
 */
export function createSecretStore(): SecretStore {
  const secrets: StoredSecret[] = [];
  const find = (id: string): StoredSecret => {
    const secret = secrets.find(({ arn, name }) => arn === id || name === id || arn.slice(0, -7) === id);
    if (secret === undefined) {
      throw new ApiError(400, NOT_FOUND, "Secrets Manager can't find the specified secret.");
    }
    return secret;
  };
  const rotate = (id: string, value: string): StoredSecret => {
    const secret = find(id);
    const [current] = secret.versions.filter(({ stage }) => stage === 'AWSCURRENT');
    secret.versions = [
      { stage: 'AWSCURRENT', id: crypto.randomUUID(), value },
      ...(current === undefined ? [] : [{ ...current, stage: 'AWSPREVIOUS' as const }]),
    ];
    return secret;
  };

  const operations: Record<string, (input: unknown) => unknown> = {
    GetSecretValue(input) {
      const secret = find(stringAt(input, 'SecretId') ?? '');
      const versionId = stringAt(input, 'VersionId');
      const stage = stringAt(input, 'VersionStage') ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
      const version = secret.versions.find(
        (candidate) =>
          (versionId === undefined || candidate.id === versionId) &&
          (stage === undefined || candidate.stage === stage),
      );
      if (version === undefined) {
        const what = stage === undefined ? `VersionId: ${versionId}` : `staging label: ${stage}`;
        throw new ApiError(
          400,
          NOT_FOUND,
          `Secrets Manager can't find the specified secret value for ${what}`,
        );
      }
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        SecretString: version.value,
        VersionStages: [version.stage],
        CreatedDate: secret.createdAtEpochSeconds,
      };
    },
    PutSecretValue(input) {
      const secret = rotate(stringAt(input, 'SecretId') ?? '', stringAt(input, 'SecretString') ?? '');
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: secret.versions[0]?.id,
        VersionStages: ['AWSCURRENT'],
      };
    },
    DescribeSecret(input) {
      const secret = find(stringAt(input, 'SecretId') ?? '');
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionIdsToStages: Object.fromEntries(secret.versions.map(({ id, stage }) => [id, [stage]])),
      };
    },
  };

  return {
    add({ arn, name, versions }) {
      secrets.push({ arn, name, createdAtEpochSeconds: Math.floor(Date.now() / 1000), versions: [] });
      if (versions.previous !== undefined) rotate(arn, versions.previous);
      rotate(arn, versions.current);
    },
    put(id, value) {
      rotate(id, value);
    },
    api: {
      service: 'secretsManager',
      operation: ({ headers }) => targetOperation(headers['x-amz-target']),
      serve: async ({ body }, operation) => {
        const handler = operations[operation];
        if (handler === undefined) {
          throw new ApiError(
            400,
            'UnknownOperationException',
            `${operation} is not played by the local stack`,
          );
        }
        const input = body === '' ? {} : parseJson(body);
        return { status: 200, body: handler(isObject(input) ? input : {}) };
      },
    },
  };
}
