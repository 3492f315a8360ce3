import { readFileSync } from 'node:fs';
import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { changeableText } from '../../lambdas/core/configuration/changeable.ts';
import { didYouMean } from '../../lambdas/core/configuration/closest.ts';
import { ConfigurationFileError, type FileProblem } from '../../lambdas/core/configuration/file-error.ts';
import { type ReadFile, readFile } from '../../lambdas/core/configuration/read-file.ts';
import { referencesOf, sourceProblemsOf } from '../../lambdas/core/configuration/references.ts';
import type { CallRetryProps } from '../call-policies.ts';
import type { CircuitProps } from '../circuits.ts';
import type { ResilientQueueProps } from '../resilient-queue-props.ts';
import {
  type ConfiguredConsumerProps,
  circuitProps,
  consumerProps,
  queueProps,
  retryProps,
} from './content-props.ts';
import { problemsOnTrial } from './trial.ts';

/**
 * Circuits, retry profiles and queues out of one file: YAML, of which JSON is a part. docs/configuration.md is its
 * language, `spillway/schema` its schema for editors.
 *
 * @example
 * const config = SpillwayConfig.fromFile('spillway.yaml', this);
 * const queue = new ResilientQueue(this, 'Orders', config.queueProps('orders'));
 * new ResilientConsumer(this, 'OrderHandler', { ...config.consumerProps('orders'), queue, entry: 'src/orders.ts' });
 */
export class SpillwayConfig {
  /**
   * Read a file.
   *
   * @param path relative to the working directory
   * @param scope construct that carries the warnings. Default: none, they are in `warnings` alone
   * @throws {ConfigurationFileError} naming every option that breaks its rule, with its line
   */
  static fromFile(path: string, scope?: Construct): SpillwayConfig {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error';
      const problem = { line: 1, column: 1, path: '', rule: 'must be a file that can be read', value: code };
      throw new ConfigurationFileError(path, [problem]);
    }
    return SpillwayConfig.fromText(text, path, scope);
  }

  /**
   * Read a text.
   *
   * @param source what errors call it. Default: `configuration`
   * @param scope construct that carries the warnings. Default: none, they are in `warnings` alone
   * @throws {ConfigurationFileError} naming every option that breaks its rule, with its line
   */
  static fromText(text: string, source = 'configuration', scope?: Construct): SpillwayConfig {
    const config = new SpillwayConfig(source, readFile(text));
    for (const warning of config.warnings) {
      if (scope !== undefined) Annotations.of(scope).addWarningV2('spillway:configuration', warning);
    }
    return config;
  }

  /** What errors call the text that was read. */
  readonly source: string;
  /** What is most likely not meant, though it can be. */
  readonly warnings: readonly string[];
  private readonly file: ReadFile;

  private constructor(source: string, file: ReadFile) {
    this.source = source;
    this.file = file;
    const { problems, unusedCircuits, unusedProfiles } = referencesOf(file);
    const found = [...file.problems, ...problems, ...sourceProblemsOf(file), ...this.missing()];
    if (found.length === 0) found.push(...this.onTrial());
    if (found.length > 0) throw new ConfigurationFileError(source, found);
    const warn = (path: string, what: string): string => {
      const { line, column } = file.problemAt(path, '');
      return `${source}:${line}:${column} ${path} ${what}`;
    };
    this.warnings = [
      ...unusedCircuits.map((name) => warn(`circuits.${name}`, 'should be used by a queue, is used by none')),
      ...unusedProfiles.map((name) => warn(`retryProfiles.${name}`, 'should be used, is used by none')),
    ];
  }

  /** Names of the queues, in the order of the file. */
  get queueNames(): readonly string[] {
    return Object.keys(this.file.content.queues ?? {});
  }

  /**
   * Properties of a queue, for `new ResilientQueue`.
   *
   * @throws {ConfigurationFileError} if there is none of that name
   */
  queueProps(name: string): ResilientQueueProps {
    return queueProps(this.named('queues', this.file.content.queues, name));
  }

  /**
   * Properties of a queue's consumer, for `new ResilientConsumer`: spread them beside `queue` and `entry`.
   *
   * @throws {ConfigurationFileError} if there is no queue of that name
   */
  consumerProps(name: string): ConfiguredConsumerProps {
    const { circuits = {}, retryProfiles = {} } = this.file.content;
    return consumerProps(this.named('queues', this.file.content.queues, name), circuits, retryProfiles);
  }

  /**
   * Properties of a circuit.
   *
   * @throws {ConfigurationFileError} if there is none of that name
   */
  circuit(name: string): CircuitProps {
    const { circuits, retryProfiles = {} } = this.file.content;
    return circuitProps(this.named('circuits', circuits, name), retryProfiles);
  }

  /**
   * A retry profile as the properties of calls.
   *
   * @throws {ConfigurationFileError} if there is none of that name
   */
  retryProfile(name: string): CallRetryProps {
    return retryProps(this.named('retryProfiles', this.file.content.retryProfiles, name));
  }

  /**
   * What of the file may change at run time, as a text of its own: what a parameter can begin with that the consumer
   * reads (`RuntimeConfig.parameter`). Everything in it is as it is deployed.
   */
  get runtimeText(): string {
    return changeableText(this.file);
  }

  private named<T>(section: string, all: Readonly<Record<string, T>> = {}, name: string): T {
    const found = Object.hasOwn(all, name) ? all[name] : undefined;
    if (found !== undefined) return found;
    const known = Object.keys(all);
    const hint = didYouMean(name, known) || (known.length === 0 ? '' : `: there are ${known.join(', ')}`);
    const rule = `must have an entry for what the app asks for${hint}`;
    throw new ConfigurationFileError(this.source, [this.file.problemAt(section, rule, `'${name}'`)]);
  }

  private missing(): FileProblem[] {
    return this.file.missing.map((path) => this.file.problemAt(path, 'must be given', 'nothing'));
  }

  /** What circuits, queues and consumers find wrong. Circuits that no queue uses are tried by themselves. */
  private onTrial(): FileProblem[] {
    const { queues = {}, circuits = {} } = this.file.content;
    const found = this.queueNames.flatMap((name) =>
      problemsOnTrial(name, this.queueProps(name), this.consumerProps(name), this.file),
    );
    const used = new Set(Object.values(queues).flatMap((queue) => queue.circuits ?? []));
    const rest = Object.keys(circuits).filter((name) => !used.has(name));
    if (rest.length > 0) {
      const own = Object.fromEntries(rest.map((name) => [name, this.circuit(name)]));
      found.push(...problemsOnTrial('', {}, { circuits: own }, this.file));
    }
    // A circuit that several queues use is found wrong by each of their consumers.
    const told = new Set<string>();
    return found.filter(({ path, rule }) => {
      const key = `${path} ${rule}`;
      const isNew = !told.has(key);
      told.add(key);
      return isNew;
    });
  }
}
