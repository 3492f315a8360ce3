import fc from 'fast-check';
import type { Knob } from '../../../lambdas/core/configuration/knob.ts';
import { LANGUAGE } from '../../../lambdas/core/configuration/language.ts';
import { durationText, sizeText } from '../../../lambdas/core/configuration/quantities.ts';

/** Names that files in tests give to circuits, profiles and queues. */
export const NAMES = ['tracker', 'search'] as const;

const LARGEST = 1_000_000;

/** A value such as the option takes by itself, ends of ranges more often than not. */
function anyOf(knob: Knob, liveOnly: boolean): fc.Arbitrary<unknown> {
  const given = givenOf(knob, liveOnly);
  const more = [
    ...(knob.orFalse === undefined ? [] : [fc.constant(false)]),
    ...('orTrue' in knob && knob.orTrue !== undefined ? [fc.constant(true)] : []),
  ];
  return more.length === 0 ? given : fc.oneof({ arbitrary: given, weight: 4 }, ...more);
}

function givenOf(knob: Knob, liveOnly: boolean): fc.Arbitrary<unknown> {
  switch (knob.type) {
    case 'duration':
    case 'size':
    case 'integer':
    case 'number': {
      const { min, max: most } = knob.range;
      const max = Math.min(most, Math.max(min, LARGEST));
      const step = knob.type === 'duration' ? (knob.step ?? 1) : 1;
      const between =
        knob.type === 'number'
          ? fc.double({ min, max, noNaN: true })
          : fc
              .integer({ min: Math.ceil(min / step), max: Math.floor(max / step) })
              .map((each) => each * step);
      const amount = fc.oneof(fc.constantFrom(min, max), between);
      if (knob.type === 'duration') return amount.map(durationText);
      return knob.type === 'size' ? amount.map(sizeText) : amount;
    }
    case 'flag':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...knob.of);
    case 'text':
      return knob.pattern.test('/id') ? fc.constantFrom('/id', '/customer/id') : fc.constant('sender');
    case 'reference':
      return fc.constantFrom(...NAMES);
    case 'list':
      return fc.uniqueArray(givenOf(knob.of, liveOnly), { minLength: 1, maxLength: 2 });
    case 'section':
      return sectionOf(knob.keys, liveOnly);
    case 'map':
      return fc
        .subarray([...NAMES])
        .chain((names) =>
          fc.record(Object.fromEntries(names.map((name) => [name, anyOf(knob.each, liveOnly)]))),
        );
  }
}

/** Some of the options, all that must be given among them. */
function sectionOf(keys: Readonly<Record<string, Knob>>, liveOnly: boolean): fc.Arbitrary<unknown> {
  const usable = Object.entries(keys).filter(([, { live }]) => !liveOnly || live === true);
  const required = usable.filter(([, knob]) => knob.required === true).map(([name]) => name);
  const names = usable.map(([name]) => name).filter((name) => !required.includes(name));
  return fc.subarray(names, { maxLength: Math.min(5, names.length) }).chain((some) => {
    const chosen = usable.filter(([name]) => required.includes(name) || some.includes(name));
    return fc.record(Object.fromEntries(chosen.map(([name, knob]) => [name, anyOf(knob, liveOnly)])));
  });
}

/** Files whose single options are good; what they say together may not be. @param liveOnly what may change at run time */
export function files(liveOnly: boolean): fc.Arbitrary<object> {
  return anyOf(LANGUAGE, liveOnly).filter(
    (value) => typeof value === 'object' && value !== null,
  ) as fc.Arbitrary<object>;
}
