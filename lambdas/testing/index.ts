export {
  type EventBridgeOptions,
  eventBridgeMessage,
  type SnsOptions,
  s3Message,
  s3TestMessage,
  snsMessage,
  type TestS3Record,
} from './envelopes.ts';
export { type FakeClock, fakeClock, TEST_START } from './fake-clock.ts';
export { type FaultOptions, type FaultTarget, InjectedFaultError } from './faults.ts';
export type { ForcedState } from './forced-circuits.ts';
export type { StoredMessage } from './memory-queue.ts';
export {
  type AttributeValue,
  type MessageOptions,
  type PayloadOptions,
  rawMessage,
  redelivered,
  sqsEvent,
  type TestAttribute,
  type TestMessage,
  type TestProducer,
} from './messages.ts';
export type { Outcome } from './outcome.ts';
export { type BatchResult, type LogLine, type RunBatchOptions, runBatch, type Trouble } from './run-batch.ts';
export { hmacSignature, type SigningKey } from './signature.ts';
export { createTestStores, type TestStores, type TestStoresOptions } from './stores.ts';
export { stubSettings, testSettings } from './test-settings.ts';
