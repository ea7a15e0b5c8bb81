import { openDeadLetterQueue } from '../../ingest/rabbitmq/dead-letter-queue.ts';
import type { Config } from '../config.ts';
import { type DrainPlan, runDrain } from '../replay/run-drain.ts';
import { print, tell, WrongUse } from './command.ts';
import { createLetterDesk } from './letter-desk.ts';
import { createProgress } from './progress.ts';
import { asTable } from './result-text.ts';

/** `npm run replay -- --drain-dlq`. @returns the exit code */
export async function drainDlq(config: Config, plan: DrainPlan, stopped: () => boolean): Promise<number> {
  const { rabbitmq } = config;
  if (rabbitmq?.dlq === undefined)
    throw new WrongUse('--drain-dlq needs RABBITMQ_URL and RABBITMQ_DLQ, the queue that is to be drained');
  const { url, dlq, queue: main } = rabbitmq;
  const queue = await openDeadLetterQueue({ url, name: dlq, main, now: Date.now });
  const desk = createLetterDesk(config);
  const progress = createProgress('messages');
  try {
    const tally = await runDrain(queue, desk.ask, plan, { onProgress: progress.show, stopped });
    progress.end();
    if (queue.waiting === 0) print(`the queue "${dlq}" is empty`);
    else process.stdout.write(asTable(tally.table('messages')));
    if (plan.dryRun && tally.count() > 0)
      print('a dry run: nothing was changed, the messages are still there');
    if (stopped()) tell('stopped before the end: run it again for the rest');
    return 0;
  } finally {
    progress.end();
    await queue.close();
    await desk.close();
  }
}
