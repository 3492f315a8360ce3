import { Token } from 'aws-cdk-lib';
import { RANGES } from '../../lambdas/core/ranges.ts';
import { type ConsumerSettings, INTAKE_CIRCUIT } from '../../lambdas/core/settings.ts';
import { checkCalls } from './check-calls.ts';
import { NAME, NAME_RULE } from './names.ts';
import { inSeconds, type Problems } from './problems.ts';

const unit = 'milliseconds';
const TIME = { ...RANGES.time, unit };
const CACHE_FOR = { ...RANGES.cacheFor, unit };

/** Check the circuits that a consumer names. A handler of its function has `handlerMs`, if that is known. */
export function checkCircuits(
  settings: ConsumerSettings,
  handlerMs: number | undefined,
  problems: Problems,
): void {
  for (const [name, circuit] of Object.entries(settings.circuits)) {
    const at = `circuits.${name}`;
    if (!NAME.test(name)) problems.add(at, NAME_RULE, name, 'the name is part of keys and of metrics');
    if (name === INTAKE_CIRCUIT) {
      problems.add(at, 'must have another name', name, 'so is the circuit called that holds the intake');
    }
    const rules = [
      ['failureThreshold', circuit.failureThreshold, RANGES.failures, 'it counts failures in the window'],
      ['localThreshold', circuit.localThreshold, RANGES.failures, 'it counts failures in a row'],
      ['minReporters', circuit.minReporters, RANGES.reporters, 'it counts environments'],
      ['successThreshold', circuit.successThreshold, RANGES.successes, 'it counts probes in a row'],
      ['openFor', circuit.openForMs, TIME, 'an open circuit stays open for a while, and is probed daily'],
      ['maxOpenFor', circuit.maxOpenForMs, TIME, 'an open circuit is probed daily'],
      ['window', circuit.windowMs, TIME, 'a failure is remembered for a while, a day at most'],
      ['slowCallThreshold', circuit.slowCallMs, TIME, 'a call takes a while, a day at most'],
      ['cacheFor', circuit.cacheForMs, CACHE_FOR, 'what others decide has to be seen soon'],
    ] as const;
    for (const [property, value, range, because] of rules) {
      // By default they are equal, and so is what is wrong with them.
      if (property === 'localThreshold' && value === circuit.failureThreshold) continue;
      problems.integer(`${at}.${property}`, value, range, because);
    }
    checkShare(`${at}.failureRatio`, circuit.failureRatio, 'it is a share of the calls', problems);
    checkLongest(at, circuit, problems);
    checkCalls(at, circuit, handlerMs, problems);
  }
}

/** Check the kill switch, unless it is off. */
export function checkKillSwitch({ killSwitch }: ConsumerSettings, problems: Problems): void {
  if (killSwitch === false) return;
  const { minMessages, share, windowMs, openForMs, maxOpenForMs } = killSwitch;
  const rules = [
    ['minMessages', minMessages, RANGES.faultyMessages, 'one message is no pattern'],
    ['window', windowMs, TIME, 'messages are counted for a while, a day at most'],
    ['openFor', openForMs, TIME, 'a hold lasts for a while, and is tried daily'],
    ['maxOpenFor', maxOpenForMs, TIME, 'a hold is tried daily'],
  ] as const;
  for (const [property, value, range, because] of rules) {
    problems.integer(`killSwitch.${property}`, value, range, because);
  }
  checkShare('killSwitch.share', share, 'it is a share of the messages', problems);
  checkLongest('killSwitch', killSwitch, problems);
}

function checkShare(property: string, value: number, because: string, problems: Problems): void {
  const { min, max } = RANGES.share;
  if (Token.isUnresolved(value) || (value >= min && value <= max)) return;
  problems.add(property, `must be a number from ${min} to ${max}`, value, because);
}

function checkLongest(
  at: string,
  { openForMs, maxOpenForMs }: { readonly openForMs: number; readonly maxOpenForMs: number },
  problems: Problems,
): void {
  if (Token.isUnresolved(openForMs) || Token.isUnresolved(maxOpenForMs) || maxOpenForMs >= openForMs) return;
  const rule = `must be at least openFor, ${inSeconds(openForMs)}`;
  problems.add(`${at}.maxOpenFor`, rule, maxOpenForMs / 1_000, 'it is the longest open time');
}
