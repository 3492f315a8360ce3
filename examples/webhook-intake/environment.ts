/** An environment variable that the function cannot work without, read at cold start. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} must be set`);
  return value;
}
