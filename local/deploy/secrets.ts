import { randomInt } from 'node:crypto';
import type { SecretVersions } from '../emulators/secrets-manager.ts';
import { booleanAt, isObject, type JsonObject, numberAt, objectAt, parseJson, stringAt } from '../json.ts';
import { isNamed, type Player } from './context.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const DEFAULT_LENGTH = 32;

/** Create a secret: the value given in the options, else the template's, else a generated one. */
export const playSecret: Player = (resource, context) => {
  const properties = resource.properties();
  const arn = resource.physicalId;
  const name = arn.split(':secret:')[1]?.slice(0, -7) ?? arn;
  const setting = Object.entries(context.secretSettings).find(
    ([key]) => key === name || isNamed(resource, key),
  )?.[1];
  const versions: SecretVersions =
    setting === undefined
      ? {
          current:
            stringAt(properties, 'SecretString') ?? generated(objectAt(properties, 'GenerateSecretString')),
        }
      : typeof setting === 'string'
        ? { current: setting }
        : setting;
  context.secrets.add({ arn, name, versions });
};

function generated(settings: JsonObject): string {
  const password = generatePassword(settings);
  const key = stringAt(settings, 'GenerateStringKey');
  if (key === undefined) return password;
  const template = parseJson(stringAt(settings, 'SecretStringTemplate') ?? '{}');
  return JSON.stringify({ ...(isObject(template) ? template : {}), [key]: password });
}

function generatePassword(settings: JsonObject): string {
  const excluded = stringAt(settings, 'ExcludeCharacters') ?? '';
  const classes = [
    booleanAt(settings, 'ExcludeLowercase') ? '' : LOWER,
    booleanAt(settings, 'ExcludeUppercase') ? '' : LOWER.toUpperCase(),
    booleanAt(settings, 'ExcludeNumbers') ? '' : DIGITS,
    booleanAt(settings, 'ExcludePunctuation') ? '' : PUNCTUATION,
    booleanAt(settings, 'IncludeSpace') ? ' ' : '',
  ];
  const alphabet = [...classes.join('')].filter((character) => !excluded.includes(character));
  const length = numberAt(settings, 'PasswordLength') ?? DEFAULT_LENGTH;
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)] ?? '').join('');
}
