import { numberAt, stringAt } from '../json.ts';
import type { Player } from './context.ts';

/** Store the hosted configuration of a template: its first version. */
export const playHostedConfiguration: Player = (resource, context) => {
  const properties = resource.properties();
  const [application, profile] = [
    stringAt(properties, 'ApplicationId'),
    stringAt(properties, 'ConfigurationProfileId'),
  ];
  context.appConfig.addVersion(application ?? '', profile ?? '', stringAt(properties, 'Content') ?? '');
};

/** Deploy a version, at once. */
export const playConfigurationDeployment: Player = (resource, context) => {
  const properties = resource.properties();
  context.appConfig.deploy(
    stringAt(properties, 'ApplicationId') ?? '',
    stringAt(properties, 'EnvironmentId') ?? '',
    stringAt(properties, 'ConfigurationProfileId') ?? '',
    numberAt(properties, 'ConfigurationVersion') ?? 1,
  );
};
