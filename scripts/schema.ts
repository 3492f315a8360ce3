import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { configurationSchema } from '../lambdas/core/configuration/json-schema.ts';
import { MARKS, optionTables } from './option-tables.ts';

/**
 * Write what is made of the language of configuration files: the JSON schema for editors, and the tables of
 * docs/configuration.md. Tests compare both with the language.
 */
const PAGE = 'docs/configuration.md';

mkdirSync('schema', { recursive: true });
writeFileSync('schema/spillway.schema.json', `${JSON.stringify(configurationSchema(), null, 2)}\n`);

const page = readFileSync(PAGE, 'utf8');
const [begin, end] = MARKS;
const [before = ''] = page.split(begin);
const [, after = ''] = page.split(end);
writeFileSync(PAGE, `${before}${begin}\n\n${optionTables()}\n\n${end}${after}`);
