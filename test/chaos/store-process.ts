import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A DynamoDB emulator in a process of its own, which can be killed and started again with what it had stored. */
export interface StoreProcess {
  readonly url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

const START_MS = 20_000;

/** Start dynalite on a file store. */
export async function startStoreProcess(): Promise<StoreProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'spillway-chaos-store-'));
  const port = await freePort();
  const cli = createRequire(import.meta.url).resolve('dynalite/cli.js');
  let child: ChildProcess | undefined;

  async function restart(): Promise<void> {
    const args = [cli, '--host', '127.0.0.1', '--port', String(port), '--path', directory];
    child = spawn(process.execPath, [...args, '--createTableMs', '0'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const deadline = Date.now() + START_MS;
    while (!(await accepts(port))) {
      if (Date.now() > deadline || child.exitCode !== null)
        throw new Error('the DynamoDB emulator does not start');
      await sleep(20);
    }
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  await restart();
  return {
    url: `http://127.0.0.1:${port}`,
    kill,
    restart,
    async close() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
