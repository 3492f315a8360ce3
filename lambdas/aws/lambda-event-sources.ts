import {
  GetEventSourceMappingCommand,
  type LambdaClient,
  ResourceNotFoundException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import type { EventSourceState, EventSources } from '../core/intake/event-source.ts';

const STATES: readonly EventSourceState[] = [
  'Creating',
  'Enabling',
  'Enabled',
  'Disabling',
  'Disabled',
  'Updating',
  'Deleting',
];

/** Event source mappings through the Lambda API. */
export function lambdaEventSources(client: LambdaClient): EventSources {
  return {
    async describe(mappingId) {
      try {
        const { State, ScalingConfig, LastModified } = await client.send(
          new GetEventSourceMappingCommand({ UUID: mappingId }),
        );
        const state = STATES.find((each) => each === State);
        if (state === undefined) throw new RangeError(`the event source mapping is in state ${State}`);
        const modified = LastModified === undefined ? {} : { modifiedAtEpochMs: LastModified.getTime() };
        return { state, maximumConcurrency: ScalingConfig?.MaximumConcurrency, ...modified };
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    async change(mappingId, { enabled, maximumConcurrency }) {
      await client.send(
        new UpdateEventSourceMappingCommand({
          UUID: mappingId,
          ...(enabled === undefined ? {} : { Enabled: enabled }),
          // An empty scaling configuration takes the limit away.
          ...(maximumConcurrency === undefined
            ? {}
            : {
                ScalingConfig: maximumConcurrency === null ? {} : { MaximumConcurrency: maximumConcurrency },
              }),
        }),
      );
    },
  };
}
