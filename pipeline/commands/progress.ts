import { tell } from './command.ts';

/** Shows how far a command is: a bar on a terminal, a line now and then elsewhere. On stderr: stdout is the answer. */
export interface Progress {
  show(done: number, total: number): void;
  /** Leaves the bar as it stands. */
  end(): void;
}

const width = 30;
const lineEveryMs = 5_000;

export function createProgress(what: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  let lastLine = Date.now();
  let drawn = false;

  function bar(done: number, total: number): string {
    const filled = total === 0 ? width : Math.min(width, Math.floor((done / total) * width));
    return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${done} of ${total} ${what}`;
  }

  return {
    show(done, total) {
      if (stream.isTTY) {
        stream.write(`\r${bar(done, total)}`);
        drawn = true;
      } else if (Date.now() - lastLine >= lineEveryMs) {
        lastLine = Date.now();
        tell(`${done} of ${total} ${what}`);
      }
    },
    end() {
      if (drawn) stream.write('\n');
      drawn = false;
    },
  };
}
