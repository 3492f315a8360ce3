import { expect, it } from 'vitest';
import { walk } from '../../../lambdas/core/configuration/knob.ts';
import { LANGUAGE } from '../../../lambdas/core/configuration/language.ts';
import { CALL_EFFECTS } from './calls.ts';
import { CIRCUIT_EFFECTS } from './circuits.ts';
import type { Effect } from './effect.ts';
import { KILL_SWITCH_EFFECTS } from './kill-switch.ts';
import { MESSAGE_EFFECTS } from './messages.ts';
import { running } from './running.ts';
import { SCREENING_EFFECTS } from './screening.ts';

// A consumer that is made once does as it was deployed, then as it is told, then as it was deployed again.

const EFFECTS: readonly Effect[] = [
  ...CIRCUIT_EFFECTS,
  ...CALL_EFFECTS,
  ...MESSAGE_EFFECTS,
  ...SCREENING_EFFECTS,
  ...KILL_SWITCH_EFFECTS,
];

it.each(EFFECTS)('$option takes effect in a consumer that runs', async (effect) => {
  const { deployed, environments, text, seen, before, after } = effect;
  expect(after).not.toEqual(before);
  const r = await running(deployed, environments);
  expect(await seen(r), 'as deployed').toEqual(before);
  r.change(text);
  expect(await seen(r), 'as changed').toEqual(after);
  r.change('{}');
  expect(await seen(r), 'as deployed again').toEqual(before);
});

it('has a test of the effect of every option that may change, and of every switch', () => {
  const options: string[] = [];
  walk(LANGUAGE, (path, knob) => {
    if (knob.live !== true) return;
    if (knob.type !== 'section' && knob.type !== 'map') options.push(path);
    if (knob.orFalse !== undefined) options.push(`${path}: false`);
    if (knob.type === 'list' && knob.orTrue !== undefined) options.push(`${path}: true`);
  });
  const tested = new Set(EFFECTS.map(({ option }) => option.replace(/ \(.*\)$/, '')));
  expect([...tested].sort()).toEqual(options.sort());
});
