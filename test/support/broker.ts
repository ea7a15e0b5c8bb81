import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Channel, connect } from 'amqplib';
import { eventually } from './eventually.ts';

const run = promisify(execFile);
/** The scripts behind Debian's wrappers, which would become another user; elsewhere `RABBITMQ_BIN` names the folder. */
const bin = process.env.RABBITMQ_BIN ?? '/usr/lib/rabbitmq/bin';

/** A real RabbitMQ node of a test file's own: its ports, its folder, nothing shared with another. */
export interface Broker {
  readonly url: string;
  readonly port: number;
  /** `rabbitmqctl …`, about a second a call */
  ctl(...args: string[]): Promise<string>;
  /** SIGTERM: an orderly stop; durable queues and persistent messages stay */
  stop(): Promise<void>;
  /** SIGKILL */
  kill(): Promise<void>;
  /** Starts the stopped node again on the same port with the same data. */
  start(): Promise<void>;
  /** SIGSTOP: sockets stay open and nobody answers */
  pause(): void;
  resume(): void;
  closeAllConnections(reason?: string): Promise<void>;
  memoryAlarm(on: boolean): Promise<void>;
  /** A channel of a connection of its own, closed when `use` has ended. */
  withChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T>;
  deleteQueue(name: string): Promise<void>;
  declareQueue(name: string, queueArguments?: Record<string, unknown>): Promise<void>;
  declareExchange(name: string, type?: string): Promise<void>;
  bind(queue: string, exchange: string, key: string): Promise<void>;
  /** undefined when there is none; `messages` are the ready ones */
  queue(name: string): Promise<{ readonly messages: number; readonly consumers: number } | undefined>;
  /** Ends the node and its epmd and removes the folder. Also happens when the test process dies. */
  dispose(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs the node's epmd (which would otherwise stay for ever as a daemon), and cleans up when its standard input
 * ends, however this process died.
 */
function startGuardian(dir: string, epmdPort: number, env: NodeJS.ProcessEnv): ChildProcess {
  const script = `epmd -port "$2" -address 127.0.0.1 >/dev/null 2>&1 & epmd=$!; cat >/dev/null; [ -f "$1/broker.pid" ] && kill -9 "$(cat "$1/broker.pid")" 2>/dev/null; kill -9 "$epmd" 2>/dev/null; sleep 0.2; rm -rf "$1"`;
  const guardian = spawn('sh', ['-c', script, 'guardian', dir, String(epmdPort)], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.unref();
  const stdin = guardian.stdin;
  if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return guardian;
}

/** Resolves when something listens there: without an epmd a node starts a daemon of its own. */
function listening(port: number): Promise<void> {
  return eventually(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1', () => {
          socket.destroy();
          resolve();
        });
        socket.once('error', reject);
      }),
    { timeoutMs: 30_000 },
  );
}

/**
 * Starts a node of its own: 4 to 8 seconds. One a test file is enough (`beforeAll`, `afterAll(dispose)`);
 * tests keep apart by the names of their exchanges and queues.
 */
export async function startBroker(): Promise<Broker> {
  let failure: unknown;
  // between finding a free port and using it another process may take it
  for (let attempt = 0; attempt < 3; attempt++) {
    const dir = await mkdtemp(join(tmpdir(), 'kada-broker-'));
    const broker = await describeBroker(dir);
    try {
      await broker.start();
      return broker;
    } catch (error) {
      failure = error;
      await broker.dispose();
    }
  }
  throw failure;
}

async function describeBroker(dir: string): Promise<Broker> {
  const [port = 0, distPort = 0, epmdPort = 0] = await freePorts(3);
  const pidFile = join(dir, 'broker.pid');
  await mkdir(join(dir, 'home'));
  await writeFile(join(dir, 'enabled_plugins'), '[].\n');
  await writeFile(join(dir, 'env.conf'), '');
  await writeFile(
    join(dir, 'rabbitmq.conf'),
    [
      `listeners.tcp.default = 127.0.0.1:${port}`,
      'disk_free_limit.absolute = 1MB',
      'log.console = false',
      'log.file.level = warning',
      '',
    ].join('\n'),
  );
  const env: NodeJS.ProcessEnv = {
    PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/bin`,
    LANG: 'C.UTF-8',
    HOME: join(dir, 'home'),
    RABBITMQ_NODENAME: `kada${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_MNESIA_BASE: join(dir, 'mnesia'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_PID_FILE: pidFile,
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(dir, 'env.conf'),
    // no spinning schedulers: many nodes share few cores in a test run
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none',
  };
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const guardian = startGuardian(dir, epmdPort, env);
  const guardianEnded = new Promise((resolve) => guardian.once('exit', resolve));
  let child: ChildProcess | undefined;
  let pid: number | undefined;
  let output = '';

  async function start(): Promise<void> {
    await listening(epmdPort);
    await rm(pidFile, { force: true });
    output = '';
    const started = spawn(join(bin, 'rabbitmq-server'), [], {
      // a node that crashes leaves its dump where it stands
      cwd: dir,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    await eventually(
      async () => {
        if (started.exitCode !== null) return;
        const connection = await connect(url, { timeout: 2_000 });
        await connection.close();
      },
      { timeoutMs: 90_000, everyMs: 100 },
    );
    if (started.exitCode !== null) throw new Error(`rabbitmq-server ended at start:\n${output}`);
    pid = Number(await readFile(pidFile, 'utf8'));
  }

  async function end(how: NodeJS.Signals): Promise<void> {
    const [ending, beam] = [child, pid];
    if (beam !== undefined) {
      signal(beam, how);
      if (how !== 'SIGKILL') signal(beam, 'SIGCONT');
      await eventually(
        () => {
          if (signal(beam, 0)) throw new Error('the broker still runs');
        },
        { timeoutMs: 30_000 },
      );
    } else ending?.kill('SIGKILL');
    pid = undefined;
    if (ending !== undefined && ending.exitCode === null && ending.signalCode === null) {
      await new Promise((resolve) => ending.once('exit', resolve));
    }
    await rm(pidFile, { force: true });
  }

  async function withChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const connection = await connect(url);
    connection.on('error', () => {});
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      return await use(channel);
    } finally {
      await connection.close().catch(() => {});
    }
  }

  const ctl = async (...args: string[]): Promise<string> =>
    (await run(join(bin, 'rabbitmqctl'), ['-q', ...args], { env, timeout: 60_000 })).stdout;

  return {
    url,
    port,
    ctl,
    start,
    withChannel,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause() {
      if (pid !== undefined) signal(pid, 'SIGSTOP');
    },
    resume() {
      if (pid !== undefined) signal(pid, 'SIGCONT');
    },
    async closeAllConnections(reason = 'closed by a test') {
      await ctl('close_all_connections', reason);
    },
    async memoryAlarm(on) {
      await ctl('set_vm_memory_high_watermark', on ? '0.000001' : '0.8');
    },
    async deleteQueue(name) {
      await withChannel((channel) => channel.deleteQueue(name));
    },
    async declareQueue(name, queueArguments) {
      await withChannel((channel) =>
        channel.assertQueue(name, {
          durable: true,
          ...(queueArguments === undefined ? {} : { arguments: queueArguments }),
        }),
      );
    },
    async declareExchange(name, type = 'topic') {
      await withChannel((channel) => channel.assertExchange(name, type, { durable: true }));
    },
    async bind(queue, exchange, key) {
      await withChannel((channel) => channel.bindQueue(queue, exchange, key));
    },
    async queue(name) {
      try {
        const found = await withChannel((channel) => channel.checkQueue(name));
        return { messages: found.messageCount, consumers: found.consumerCount };
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 404) return undefined;
        throw error;
      }
    },
    async dispose() {
      await end('SIGKILL').catch(() => {});
      guardian.ref();
      guardian.stdin?.end();
      await guardianEnded;
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
