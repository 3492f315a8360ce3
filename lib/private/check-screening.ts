import { Token } from 'aws-cdk-lib';
import { RANGES } from '../../lambdas/core/ranges.ts';
import {
  type ConsumerSettings,
  JSON_POINTER,
  PATTERN_KINDS,
  type ScreeningSettings,
  type SourceSettings,
} from '../../lambdas/core/settings.ts';
import type { Problems } from './problems.ts';

const ATTRIBUTE = /^(?!AWS\.|Amazon\.)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,255}$/i;

/** Check what the checks before the handler are told to do. */
export function checkScreening({ screening, envelope }: ConsumerSettings, problems: Problems): void {
  const { maxBytes } = screening;
  if (maxBytes !== false) {
    const range = { ...RANGES.bodyBytes, unit: 'bytes' };
    problems.integer('screening.maxSize', maxBytes, range, 'SQS takes messages of up to 1 MiB');
  }
  checkSignature(screening, envelope, problems);
  checkRequiredFields(screening, problems);
  checkSource('screening.deniedSources', screening.deniedSources, screening.json, problems);
  checkPatterns(screening, problems);
  checkReputation(screening, problems);
}

function checkSignature(
  { signature }: ScreeningSettings,
  envelope: ConsumerSettings['envelope'],
  problems: Problems,
): void {
  if (signature === undefined) return;
  checkAttribute('screening.signature.attribute', signature.attribute, problems);
  if (envelope === 'raw' || envelope === 'sns') return;
  const rule = "must be left out unless envelope is 'raw' or 'sns'";
  const because = `the bytes that were signed do not come through an ${envelope} envelope`;
  problems.add('screening.signature', rule, envelope, because);
}

function checkAttribute(property: string, attribute: string, problems: Problems): void {
  if (Token.isUnresolved(attribute) || (ATTRIBUTE.test(attribute) && !/\.\.|\.$/.test(attribute))) return;
  const because =
    "SQS takes 1 to 256 letters, digits, '_', '-' and single inner dots, not beginning with 'AWS.' or 'Amazon.'";
  problems.add(property, 'must be the name of a message attribute', attribute, because);
}

function checkPointer(property: string, pointer: string, problems: Problems): void {
  if (Token.isUnresolved(pointer) || JSON_POINTER.test(pointer)) return;
  problems.add(property, 'must be a JSON pointer, such as /customer/id', pointer, 'RFC 6901 says so');
}

const NO_FIELDS = 'a payload that is not parsed has no fields';

function checkRequiredFields({ requiredFields, json }: ScreeningSettings, problems: Problems): void {
  if (requiredFields === undefined) return;
  const property = 'screening.requiredFields';
  if (requiredFields.length === 0) problems.add(property, 'must name a field', '[]', 'or be left out');
  for (const pointer of requiredFields) checkPointer(property, pointer, problems);
  if (!json) problems.add(property, 'needs json to be on', json, NO_FIELDS);
}

function checkSource(
  property: string,
  source: SourceSettings | undefined,
  json: boolean,
  problems: Problems,
): void {
  if (source === undefined) return;
  if ('attribute' in source) {
    checkAttribute(`${property}.attribute`, source.attribute, problems);
    return;
  }
  checkPointer(`${property}.pointer`, source.pointer, problems);
  if (!json) problems.add(`${property}.pointer`, 'needs json to be on', json, NO_FIELDS);
}

function checkPatterns({ suspiciousPatterns }: ScreeningSettings, problems: Problems): void {
  if (suspiciousPatterns === undefined) return;
  const property = 'screening.suspiciousPatterns';
  if (suspiciousPatterns.length === 0) problems.add(property, 'must name a kind', '[]', 'or be left out');
  for (const kind of suspiciousPatterns) {
    if (PATTERN_KINDS.includes(kind)) continue;
    problems.add(
      property,
      `must be some of ${PATTERN_KINDS.join(', ')}`,
      kind,
      'those are the kinds that are known',
    );
  }
}

function checkReputation({ reputation, json }: ScreeningSettings, problems: Problems): void {
  if (reputation === undefined) return;
  checkSource('screening.reputation.source', reputation.source, json, problems);
  const { minimumScore } = reputation;
  if (
    Token.isUnresolved(minimumScore) ||
    (minimumScore >= RANGES.score.min && minimumScore <= RANGES.score.max)
  )
    return;
  problems.add('screening.reputation.minimumScore', 'must be from 0 to 100', minimumScore, 'scores are');
}
