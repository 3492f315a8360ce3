import { numberAt, parseJson, stringAt } from '../json.ts';
import { ApiError, type ApiRequest, type ApiResponse, type ApiService } from './json-service.ts';

/** The configurations that the local stack answers for. */
export interface AppConfigStore {
  /** Store a version of a hosted configuration. */
  addVersion(application: string, profile: string, content: string): number;
  /** Make a version what an environment is given, at once. */
  deploy(application: string, environment: string, profile: string, version: number): void;
  readonly api: ApiService;
}

/** How often AppConfig lets a session ask. Seconds; the default of StartConfigurationSession. */
const POLL_SECONDS = 60;

interface Session {
  readonly place: string;
  /** Version that it was given last. */
  given: number | undefined;
  /** It is good for one request. */
  token: string;
  /** How often it lets itself be asked. Seconds. */
  readonly pollSeconds: number;
  askedAt: number;
}

/**
 * A small AppConfig: hosted configurations, StartConfigurationSession and GetLatestConfiguration, which answers with
 * nothing where nothing is new; CreateHostedConfigurationVersion and StartDeployment, which takes effect at once.
 * Strategies, validators, alarms and flags are not played.
 *
 * @param now time by which the limit on how often a session asks is kept, in milliseconds; without it, it is not
 */
export function createAppConfigStore(now?: () => number): AppConfigStore {
  const contents = new Map<string, string[]>();
  const deployed = new Map<string, { readonly version: number; readonly content: string }>();
  const sessions: Session[] = [];
  const notFound = (what: string): ApiError =>
    new ApiError(404, 'ResourceNotFoundException', `${what} not found`);

  const store: Omit<AppConfigStore, 'api'> = {
    addVersion(application, profile, content) {
      const key = `${application}/${profile}`;
      const versions = [...(contents.get(key) ?? []), content];
      contents.set(key, versions);
      return versions.length;
    },
    deploy(application, environment, profile, version) {
      const content = contents.get(`${application}/${profile}`)?.[version - 1];
      if (content === undefined) throw notFound(`version ${version} of ${profile}`);
      deployed.set(`${application}/${environment}/${profile}`, { version, content });
    },
  };

  function startSession(input: unknown): ApiResponse {
    const place = ['ApplicationIdentifier', 'EnvironmentIdentifier', 'ConfigurationProfileIdentifier']
      .map((key) => stringAt(input, key) ?? '')
      .join('/');
    if (!deployed.has(place)) throw notFound(`a deployment of ${place}`);
    const session: Session = {
      place,
      given: undefined,
      token: crypto.randomUUID(),
      pollSeconds: numberAt(input, 'RequiredMinimumPollIntervalInSeconds') ?? POLL_SECONDS,
      askedAt: Number.NEGATIVE_INFINITY,
    };
    sessions.push(session);
    return { status: 201, body: { InitialConfigurationToken: session.token } };
  }

  function latest(token: string | null): ApiResponse {
    const session = sessions.find((each) => each.token === token);
    const current = session === undefined ? undefined : deployed.get(session.place);
    if (session === undefined || current === undefined) {
      throw new ApiError(400, 'BadRequestException', 'the token is not valid, or was used before');
    }
    if (now !== undefined) {
      if (now() - session.askedAt < session.pollSeconds * 1_000) {
        throw new ApiError(400, 'BadRequestException', 'the poll interval is not satisfied');
      }
      session.askedAt = now();
    }
    const isNew = session.given !== current.version;
    session.given = current.version;
    session.token = crypto.randomUUID();
    return {
      status: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'next-poll-configuration-token': session.token,
        'next-poll-interval-in-seconds': String(session.pollSeconds),
      },
      body: isNew ? current.content : '',
    };
  }

  function serve({ path, query, body }: ApiRequest, operation: string): ApiResponse {
    const [, , application = '', , second = ''] = path.split('/').map(decodeURIComponent);
    switch (operation) {
      case 'StartConfigurationSession':
        return startSession(parseJson(body));
      case 'GetLatestConfiguration':
        return latest(query.get('configuration_token'));
      case 'CreateHostedConfigurationVersion': {
        const version = store.addVersion(application, second, body);
        return { status: 201, headers: { 'version-number': String(version) }, body };
      }
      case 'StartDeployment': {
        const input = parseJson(body);
        const profile = stringAt(input, 'ConfigurationProfileId') ?? '';
        const version = numberAt(input, 'ConfigurationVersion') ?? 0;
        store.deploy(application, second, profile, version);
        return { status: 201, body: { DeploymentNumber: version, State: 'COMPLETE' } };
      }
      default:
        throw new ApiError(404, 'UnknownOperationException', `${path} is not played by the local stack`);
    }
  }

  return {
    ...store,
    api: {
      service: 'appConfigData',
      operation: operationOf,
      serve: async (request, operation) => serve(request, operation),
    },
  };
}

function operationOf({ method, path }: ApiRequest): string {
  if (path === '/configurationsessions') return 'StartConfigurationSession';
  if (path === '/configuration') return 'GetLatestConfiguration';
  if (method === 'POST' && path.endsWith('/hostedconfigurationversions'))
    return 'CreateHostedConfigurationVersion';
  return method === 'POST' && path.endsWith('/deployments') ? 'StartDeployment' : 'Unknown';
}
