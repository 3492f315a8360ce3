import { shardsInUse } from '../policies/settings.ts';
import { MOST_CALLS_PER_MS } from '../ranges.ts';
import type { ConsumerCircuitSettings, ConsumerSettings } from '../settings.ts';
import { circuitOn, DEPLOYED_PARTS } from './circuit-on.ts';
import { closest } from './closest.ts';
import type { FileProblem } from './file-error.ts';
import type { CircuitContent, QueueContent } from './language.ts';
import { deployedOnly } from './live-knobs.ts';
import { durationText } from './quantities.ts';
import { queueOn } from './queue-on.ts';
import { type ReadFile, readFile } from './read-file.ts';
import { referencesOf, sourceProblemsOf } from './references.ts';
import { longestWaitMs, receivesFor } from './schedule.ts';

/** One setting that is not what it was. */
export interface SettingChange {
  /** Path in the settings, such as `circuits.tracker.openForMs`. */
  readonly option: string;
  /** Before and after; absent: there is none. */
  readonly from: unknown;
  readonly to: unknown;
}

/** What a text that is read at run time makes of a consumer. */
export type Judgement =
  | {
      readonly kind: 'good';
      readonly settings: ConsumerSettings;
      /** Paths of circuits and queues that are not this consumer's. */
      readonly ignored: readonly string[];
    }
  | { readonly kind: 'bad'; readonly problems: readonly FileProblem[] };

/**
 * Judge a text that is read at run time. It is taken as a whole or not at all. What it leaves out is as deployed, so an
 * empty text undoes everything.
 *
 * @param deployed what the consumer was deployed with
 * @param queue name of the consumer under `queues`
 */
export function judgeConfiguration(text: string, deployed: ConsumerSettings, queue: string): Judgement {
  const file = readFile(text);
  const { circuits = {}, queues = {}, retryProfiles = {} } = file.content;
  const { problems, unusedProfiles } = referencesOf(file);
  const found = [...file.problems, ...problems, ...sourceProblemsOf(file), ...deployedOnly(file)];
  for (const name of unusedProfiles) {
    const rule = 'must be named by a circuit or a queue of this text (retry), or it changes nothing';
    found.push(file.problemAt(`retryProfiles.${name}`, rule));
  }
  found.push(
    ...slips(file, 'circuits', Object.keys(circuits), Object.keys(deployed.circuits)),
    ...slips(file, 'queues', Object.keys(queues), [queue]),
  );
  const profileOf = ({ retry }: CircuitContent | QueueContent) =>
    retry === undefined ? undefined : retryProfiles[retry];
  const own = queues[queue] ?? {};
  const settings: ConsumerSettings = {
    ...deployed,
    ...queueOn(deployed, own, profileOf(own)),
    circuits: Object.fromEntries(
      Object.entries(deployed.circuits).map(([name, circuit]) => {
        const content = Object.hasOwn(circuits, name) ? (circuits[name] ?? {}) : {};
        found.push(...notDeployed(file, name, circuit, content));
        const next = circuitOn(circuit, content, profileOf(content));
        found.push(
          ...together(file, `circuits.${name}`, next),
          ...spreadOtherwise(file, name, circuit, next),
        );
        return [name, next];
      }),
    ),
  };
  found.push(...queueProblems(file, `queues.${queue}`, deployed, settings, own));
  if (found.length > 0) return { kind: 'bad', problems: found };
  const ignored = [
    ...Object.keys(circuits)
      .filter((name) => !Object.hasOwn(deployed.circuits, name))
      .map((name) => `circuits.${name}`),
    ...Object.keys(queues)
      .filter((name) => name !== queue)
      .map((name) => `queues.${name}`),
  ];
  return { kind: 'good', settings, ignored };
}

/**
 * Names that are not this consumer's, but nearly. Consumers share texts, so a name may well be another's; but one that is
 * misspelt would take back what the text says of it, and nobody would hear of it.
 */
function slips(
  file: ReadFile,
  section: string,
  named: readonly string[],
  own: readonly string[],
): FileProblem[] {
  const missing = own.filter((name) => !named.includes(name));
  return named
    .filter((name) => !own.includes(name))
    .flatMap((name) => {
      const meant = closest(name, missing);
      if (meant === undefined) return [];
      const rule = `is not this consumer's: did you mean ${meant}? If not, name that too, as ${meant}: {}`;
      return [file.problemAt(`${section}.${name}`, rule)];
    });
}

/** What cannot begin at run time: permissions, and what stands around a call, come with a deployment. */
function notDeployed(
  file: ReadFile,
  name: string,
  deployed: ConsumerCircuitSettings,
  content: CircuitContent,
): FileProblem[] {
  return Object.entries(DEPLOYED_PARTS)
    .filter(([key, setting]) => Object.hasOwn(content, key) && deployed[setting] === undefined)
    .map(([key]) =>
      file.problemAt(`circuits.${name}.${key}`, 'must be deployed before it can change at run time'),
    );
}

/**
 * Environments that learn of it at different times would keep timelines that know nothing of each other, and admit the
 * limit on each.
 */
function spreadOtherwise(
  file: ReadFile,
  name: string,
  { rateLimit: deployed }: ConsumerCircuitSettings,
  { rateLimit: next }: ConsumerCircuitSettings,
): FileProblem[] {
  if (deployed === undefined || next === undefined || shardsInUse(deployed) === shardsInUse(next)) return [];
  const at = `circuits.${name}.rateLimit`;
  const rule = `must leave the limit spread over as many shards as deployed, ${shardsInUse(deployed)}: there are no more than burst, ${next.burst}`;
  return [file.problemAt(file.has(`${at}.burst`) ? `${at}.burst` : `${at}.limit`, rule)];
}

/** What the options of a circuit say together, those that are as deployed among them. */
function together(file: ReadFile, at: string, circuit: ConsumerCircuitSettings): FileProblem[] {
  const { openForMs, maxOpenForMs, timeoutMs, totalTimeoutMs, retry, rateLimit, adaptiveConcurrency } =
    circuit;
  const mostCalls = (rateLimit?.perMs ?? 0) * MOST_CALLS_PER_MS;
  const rules: [boolean, string, string][] = [
    [maxOpenForMs < openForMs, 'maxOpenFor', `must be at least openFor, ${durationText(openForMs)}`],
    [
      (totalTimeoutMs ?? Number.POSITIVE_INFINITY) < (timeoutMs ?? 0),
      file.has(`${at}.totalTimeout`) ? 'totalTimeout' : 'timeout',
      `must leave totalTimeout, ${durationText(totalTimeoutMs ?? 0)}, at least timeout, ${durationText(timeoutMs ?? 0)}`,
    ],
    [
      retry !== undefined && retry.capMs < retry.firstDelayMs,
      'retry',
      'must be a profile whose cap is at least its firstDelay',
    ],
    [
      rateLimit !== undefined && rateLimit.limit > mostCalls,
      file.has(`${at}.rateLimit.limit`) ? 'rateLimit.limit' : 'rateLimit.per',
      `must leave limit at most ${MOST_CALLS_PER_MS} for each millisecond of per, ${mostCalls}`,
    ],
    [
      adaptiveConcurrency !== undefined && adaptiveConcurrency.max < adaptiveConcurrency.min,
      'adaptiveConcurrency.max',
      `must be at least min, ${adaptiveConcurrency?.min}`,
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, key, rule]) => file.problemAt(`${at}.${key}`, rule));
}

function queueProblems(
  file: ReadFile,
  at: string,
  deployed: ConsumerSettings,
  { attempts, backoff, killSwitch, screening, retryUntilSeconds, queue }: ConsumerSettings,
  content: QueueContent,
): FileProblem[] {
  const ofProfile = (key: string): string => (file.has(`${at}.${key}`) ? key : 'retry');
  // What was deployed is not for this text to answer for.
  const respaced = changesBetween(
    { max: deployed.attempts.max, backoff: deployed.backoff },
    { max: attempts.max, backoff },
  );
  const waitMs = longestWaitMs(backoff, attempts.max);
  const least = receivesFor(attempts.max);
  const asked = { ...content.screening };
  const rules: [boolean, string, string][] = [
    [
      killSwitch !== false && killSwitch.maxOpenForMs < killSwitch.openForMs,
      'killSwitch.maxOpenFor',
      `must be at least openFor, ${killSwitch === false ? '' : durationText(killSwitch.openForMs)}`,
    ],
    [backoff.capMs < backoff.firstDelayMs, 'retry', 'must be a profile whose cap is at least its firstDelay'],
    [
      respaced.length > 0 && waitMs >= retryUntilSeconds * 1_000,
      ofProfile('attempts.max'),
      `must leave all delays of ${attempts.max} attempts, ${durationText(waitMs)}, within retryUntil, ${durationText(retryUntilSeconds * 1_000)}`,
    ],
    [
      attempts.max !== deployed.attempts.max && queue.maxReceiveCount < least,
      ofProfile('attempts.max'),
      `must leave the deployed maxReceiveCount of ${queue.maxReceiveCount} at least ${least} for ${attempts.max} attempts`,
    ],
    [
      deployed.screening.deniedSources === undefined && isOn(asked.deniedSources),
      'screening.deniedSources',
      'must be deployed before it can change at run time: the function may not read the list',
    ],
    [
      deployed.screening.reputation === undefined && isOn(asked.reputation),
      'screening.reputation',
      'must be deployed before it can change at run time: the function may not read the scores',
    ],
    [
      !screening.json && isOn(asked.requiredFields),
      'screening.requiredFields',
      'must be left out: a payload that is not parsed has no fields',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, key, rule]) => file.problemAt(`${at}.${key}`, rule));
}

function isOn(value: unknown): boolean {
  return value !== undefined && value !== false;
}

/** What differs between two settings, by path. */
export function changesBetween(before: object, after: object, path = ''): readonly SettingChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const option = path === '' ? key : `${path}.${key}`;
    const from: unknown = Reflect.get(before, key);
    const to: unknown = Reflect.get(after, key);
    if (isSection(from) && isSection(to)) return changesBetween(from, to, option);
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ option, from, to }];
  });
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
