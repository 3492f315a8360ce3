/** A series by the minute; undefined where there is no datapoint. */
export type Series = readonly (number | undefined)[];

type Token = string;

/**
 * What a metric math expression of + − and DIFF makes of series. A minute has no value where one of its parts has none;
 * DIFF has none where the minute before has none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function evaluated(expression: string, series: Readonly<Record<string, Series>>): Series {
  const tokens: Token[] = expression.match(/[A-Za-z]+|[()+-]/g) ?? [];
  const minutes = Math.max(...Object.values(series).map(({ length }) => length));

  function sum(): Series {
    let left = operand();
    while (tokens[0] === '+' || tokens[0] === '-') {
      const sign = tokens.shift() === '+' ? 1 : -1;
      const right = operand();
      left = combined(left, right, (one, other) => one + sign * other);
    }
    return left;
  }

  function operand(): Series {
    const token = tokens.shift();
    if (token === '(') return closed(sum());
    if (token === 'DIFF') {
      tokens.shift();
      const inner = closed(sum());
      return combined(inner, [undefined, ...inner].slice(0, minutes), (now, before) => now - before);
    }
    const found = series[token ?? ''];
    if (found === undefined) throw new Error(`no series ${token}`);
    return found;
  }

  function closed(inner: Series): Series {
    if (tokens.shift() !== ')') throw new Error(`unbalanced: ${expression}`);
    return inner;
  }

  return sum();
}

function combined(one: Series, other: Series, of: (a: number, b: number) => number): Series {
  return one.map((a, at) => {
    const b = other[at];
    return a === undefined || b === undefined ? undefined : of(a, b);
  });
}

/** Whether the rule of a composite alarm holds while the alarms that it names as `<id>` and `ringing` has are on. */
export function holds(rule: string, ringing: ReadonlySet<string>): boolean {
  const tokens: Token[] = rule.match(/ALARM\("<[^>]*>"\)|AND|OR|NOT|[()]/g) ?? [];

  function expression(): boolean {
    let left = operand();
    while (tokens[0] === 'AND' || tokens[0] === 'OR') {
      const and = tokens.shift() === 'AND';
      const right = operand();
      left = and ? left && right : left || right;
    }
    return left;
  }

  function operand(): boolean {
    const token = tokens.shift();
    if (token === 'NOT') return !operand();
    if (token === '(') {
      const inner = expression();
      tokens.shift();
      return inner;
    }
    const name = /<(.*)>/.exec(token ?? '')?.[1];
    if (name === undefined) throw new Error(`not understood: ${token} in ${rule}`);
    return ringing.has(name);
  }

  return expression();
}
