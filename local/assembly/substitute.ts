/**
 * Replace the `${Name}` variables of an `Fn::Sub` text; `${!Literal}` becomes `${Literal}`.
 *
 * @example
 * substitute('arn:${AWS::Partition}:x', () => 'aws'); // 'arn:aws:x'
 */
export function substitute(text: string, lookUp: (variable: string) => string): string {
  return text.replace(/\$\{(!?)([^}]*)\}/g, (_match, literal: string, name: string) =>
    literal === '!' ? `\${${name}}` : lookUp(name.trim()),
  );
}
