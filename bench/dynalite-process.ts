import { startDynalite } from '../local/emulators/dynalite.ts';
import { createRequestLog } from '../local/emulators/request-log.ts';

/** The local stack's DynamoDB in a process of its own, as DynamoDB is for a function. It ends with who started it. */
const { url } = await startDynalite(createRequestLog());
process.once('disconnect', () => process.exit());
process.send?.({ url });
