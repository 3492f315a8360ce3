import { mkdirSync, writeFileSync } from 'node:fs';
import { configurationSchema } from '../lambdas/core/configuration/json-schema.ts';

/** Write the JSON schema of configuration files, for editors. A test compares it with the language. */
mkdirSync('schema', { recursive: true });
writeFileSync('schema/spillway.schema.json', `${JSON.stringify(configurationSchema(), null, 2)}\n`);
