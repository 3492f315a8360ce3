import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HANDLER = 'exports.handler = async () => ({ batchItemFailures: [] });';

/** Write a cloud assembly of one queue and one no-op consumer, its mapping disabled; returns the directory. */
export async function writeNoOpAssembly(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'spillway-bench-'));
  await mkdir(join(directory, 'asset.noop'));
  const template = {
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 120 } },
      Consumer: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Timeout: 20,
          MemorySize: 128,
          Code: { S3Bucket: 'assets', S3Key: 'noop.zip' },
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          FunctionName: { Ref: 'Consumer' },
          BatchSize: 10,
          Enabled: false,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      },
    },
  };
  const assets = {
    files: {
      noop: {
        source: { path: 'asset.noop', packaging: 'zip' },
        destinations: { current: { bucketName: 'assets', objectKey: 'noop.zip' } },
      },
    },
  };
  const manifest = {
    artifacts: {
      Bench: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Bench.template.json' } },
      'Bench.assets': { type: 'cdk:asset-manifest', properties: { file: 'Bench.assets.json' } },
    },
  };
  await writeFile(join(directory, 'asset.noop', 'index.js'), HANDLER);
  await writeFile(join(directory, 'Bench.template.json'), JSON.stringify(template));
  await writeFile(join(directory, 'Bench.assets.json'), JSON.stringify(assets));
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  return directory;
}
