import { request } from 'node:http';
import { expect, it } from 'vitest';
import { functionResource, type RunningStack, run } from './fixture.ts';

const HANDLER = `
exports.handler = async (event) => {
  switch (event.rawPath) {
    case '/throw': throw new Error('broken');
    case '/plain': return { hello: 'world' };
    case '/text': return 'hello';
    case '/full': return { statusCode: 201, headers: { 'X-A': 'b', 'content-type': 'text/plain' }, cookies: ['a=1', 'b=2'], body: 'made' };
    case '/binary': return { statusCode: 200, headers: { 'content-type': 'image/png' }, body: 'AP8=', isBase64Encoded: true };
    case '/large': return 'x'.repeat(7 * 1024 * 1024);
    case '/slow': await new Promise((resolve) => setTimeout(resolve, 200)); return 'slow';
    default: return event;
  }
};`;

function start(properties: Record<string, unknown> = {}, authType = 'NONE'): Promise<RunningStack> {
  const resources = {
    Fn: functionResource('main', {
      ...properties,
      Environment: { Variables: { OWN: { 'Fn::GetAtt': ['Other', 'FunctionUrl'] } } },
    }),
    Url: {
      Type: 'AWS::Lambda::Url',
      Properties: { AuthType: authType, TargetFunctionArn: { 'Fn::GetAtt': ['Fn', 'Arn'] } },
    },
    OtherFn: functionResource('main'),
    Other: {
      Type: 'AWS::Lambda::Url',
      Properties: { AuthType: 'NONE', TargetFunctionArn: { 'Fn::GetAtt': ['OtherFn', 'Arn'] } },
    },
  };
  const outputs = { Url: { Value: { 'Fn::GetAtt': ['Url', 'FunctionUrl'] } } };
  return run({ App: { resources, outputs } }, { main: { 'index.js': HANDLER } });
}

const urlOf = ({ stack }: RunningStack): string => stack.function('Fn').url ?? '';

it('hands the request over in payload format 2.0', async () => {
  const running = await start();
  const url = urlOf(running);
  expect(running.stack.outputs.App?.Url).toBe(url);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const response = await fetch(`${url}a/b%20c?x=1&x=2&y=%26`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'X-Mixed-Case': 'Yes', Cookie: 'a=1; b=2' },
    body: '{"ä":1}',
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  const { host } = new URL(url);
  expect(await response.json()).toMatchObject({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/a/b%20c',
    rawQueryString: 'x=1&x=2&y=%26',
    queryStringParameters: { x: '1,2', y: '&' },
    cookies: ['a=1', 'b=2'],
    headers: { 'x-mixed-case': 'Yes', 'content-type': 'application/json; charset=utf-8', host },
    requestContext: {
      domainName: host,
      http: { method: 'POST', path: '/a/b%20c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      stage: '$default',
    },
    body: '{"ä":1}',
    isBase64Encoded: false,
  });
});

it('hands a binary body over in base64, and none if there is none', async () => {
  const url = urlOf(await start());
  const headers = { 'content-type': 'application/octet-stream' };
  const binary = await fetch(url, { method: 'PUT', headers, body: Buffer.from([0, 255]) });
  expect(await binary.json()).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  const empty = await (await fetch(url)).json();
  expect(empty).toMatchObject({ isBase64Encoded: false, rawQueryString: '', rawPath: '/' });
  expect(empty).not.toHaveProperty('body');
  expect(empty).not.toHaveProperty('queryStringParameters');
});

it('answers with what the function returns', async () => {
  const url = urlOf(await start());
  const full = await fetch(`${url}full`);
  expect([full.status, await full.text()]).toEqual([201, 'made']);
  expect(full.headers.get('x-a')).toBe('b');
  expect(full.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  const binary = await fetch(`${url}binary`);
  expect(Buffer.from(await binary.arrayBuffer())).toEqual(Buffer.from([0, 255]));
  expect(await (await fetch(`${url}plain`)).json()).toEqual({ hello: 'world' });
  expect(await (await fetch(`${url}text`)).json()).toBe('hello');
});

it('answers 502 for a function error and for a response over 6 MB', async () => {
  const url = urlOf(await start());
  const failed = await fetch(`${url}throw`);
  expect([failed.status, await failed.text()]).toEqual([502, 'Internal Server Error']);
  expect((await fetch(`${url}large`)).status).toBe(502);
});

it('answers 413 for a request over 6 MB', async () => {
  const running = await start();
  const response = await fetch(urlOf(running), { method: 'POST', body: Buffer.alloc(6 * 1024 * 1024 + 1) });
  expect(response.status).toBe(413);
  expect(running.stack.function('Fn').stats().invocations).toBe(0);
});

it('answers 429 when the function is throttled', async () => {
  const url = urlOf(await start({ ReservedConcurrentExecutions: 1 }));
  const statuses = await Promise.all([fetch(`${url}slow`), fetch(`${url}slow`)]);
  expect(statuses.map(({ status }) => status).sort()).toEqual([200, 429]);
});

it('refuses a host name that is not loopback, here and at every other port', async () => {
  const running = await start();
  const statusFor = (target: string, host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(target, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  for (const target of [urlOf(running), ...Object.values(running.stack.endpoints)]) {
    expect(await statusFor(target, 'rebound.example.com')).toBe(403);
    expect(await statusFor(target, 'localhost:1')).not.toBe(403);
  }
});

it('warns that AWS_IAM is not enforced', async () => {
  const { stack } = await start({}, 'AWS_IAM');
  expect(stack.warnings).toContain(
    'Url: AWS_IAM authorization is not enforced: anybody on this machine may call',
  );
});
