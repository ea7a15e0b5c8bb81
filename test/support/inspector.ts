import { WebSocket } from 'ws';
import { eventually } from './eventually.ts';
import type { PipelineProcess } from './pipeline-process.ts';

/** Bytes, after a forced collection. */
export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
}

export interface Inspector {
  memory(): Promise<Memory>;
  close(): void;
}

/** For a process started with `nodeOptions: '--inspect=127.0.0.1:0'`: its memory without what is only garbage. */
export async function inspect(running: PipelineProcess): Promise<Inspector> {
  const url = await eventually(() => {
    const found = /Debugger listening on (ws:\/\/\S+)/.exec(running.output())?.[1];
    if (found === undefined) throw new Error('no inspector');
    return found;
  });
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  socket.on('message', (data) => {
    const message: unknown = JSON.parse(String(data));
    if (typeof message !== 'object' || message === null || !('id' in message)) return;
    const id = Number(message.id);
    waiting.get(id)?.('result' in message ? message.result : undefined);
    waiting.delete(id);
  });
  const call = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });

  return {
    async memory() {
      // twice: what a first collection finalises, a second one frees
      await call('HeapProfiler.collectGarbage');
      await call('HeapProfiler.collectGarbage');
      const answer = await call('Runtime.evaluate', { expression: 'JSON.stringify(process.memoryUsage())' });
      const text = /"value":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(answer))?.[1];
      if (text === undefined) throw new Error(`no memory in ${JSON.stringify(answer)}`);
      const usage: unknown = JSON.parse(String(JSON.parse(text)));
      if (typeof usage !== 'object' || usage === null) throw new Error('no memory usage');
      return {
        heapUsed: 'heapUsed' in usage ? Number(usage.heapUsed) : Number.NaN,
        external: 'external' in usage ? Number(usage.external) : Number.NaN,
      };
    },
    close: () => socket.close(),
  };
}
