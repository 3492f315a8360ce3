/** A point on a circle around 0, 0. The angle is in turns, 0 at the top, clockwise. */
export function onCircle(radius: number, turns: number): readonly [x: number, y: number] {
  const angle = turns * 2 * Math.PI;
  return [radius * Math.sin(angle), -radius * Math.cos(angle)];
}

/** Path of an arc around 0, 0, from one angle to another, in turns. Whole circles are left open by a hair. */
export function arcPath(radius: number, fromTurns: number, toTurns: number): string {
  const to = Math.min(toTurns, fromTurns + 0.99999);
  const [x1, y1] = onCircle(radius, fromTurns);
  const [x2, y2] = onCircle(radius, to);
  const large = to - fromTurns > 0.5 ? 1 : 0;
  return `M${short(x1)} ${short(y1)}A${radius} ${radius} 0 ${large} 1 ${short(x2)} ${short(y2)}`;
}

function short(value: number): string {
  return value.toFixed(3);
}
