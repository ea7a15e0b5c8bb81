import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server of this folder in a process of its own; it writes its URL as its first line. */
export async function startServer(file: string, args: readonly string[] = []): Promise<Child> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstLine(child);
  return { url, stop: () => stopped(child) };
}

/** Runs a file of this folder to its end and returns what it wrote. */
export const runToEnd = (
  file: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<string> => spawnToEnd(file, args, nodeArgs).output;

export interface Running {
  /** what it wrote; rejects when it ended with a failure */
  readonly output: Promise<string>;
}

/** Starts a file of this folder that ends by itself; resolves when it has written its first line. */
export async function startToEnd(file: string, args: readonly string[]): Promise<Running> {
  const { child, output } = spawnToEnd(file, args, []);
  // Awaited by the caller, maybe after it has failed.
  output.catch(() => undefined);
  await firstLine(child);
  return { output };
}

function spawnToEnd(file: string, args: readonly string[], nodeArgs: readonly string[]) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, '--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const output = new Promise<string>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${file} ended with ${code}`)),
    );
  });
  return { child, output };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
