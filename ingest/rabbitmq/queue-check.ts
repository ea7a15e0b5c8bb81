/**
 * "Is the queue still there?" by a passive declaration on a channel of its own (a 404 closes the channel, and with
 * it the confirms of whatever else is on it).
 *
 *   idle ── exists() ──> asking ── answered ──> idle
 *                          │  exists(): joins the NEXT question, since this one was sent before it asked
 */
import type { Channel, ChannelModel } from 'amqplib';
import { atMost } from './connection.ts';

export type Existence = 'yes' | 'no' | 'unknown';

export interface QueueCheck {
  /** The question is sent after this call. Never rejects; `unknown` after 2 s, or when the connection is gone. */
  exists(): Promise<Existence>;
  /** messages that waited in the queue at the last answer; undefined before the first, and while it is unknown */
  depth(): number | undefined;
}

const ANSWER_MS = 2_000;

export function createQueueCheck(model: ChannelModel, queue: string): QueueCheck {
  let channel: Channel | undefined;
  let asking: Promise<Existence> | undefined;
  let next: Promise<Existence> | undefined;
  let depth: number | undefined;

  async function openChannel(): Promise<Channel> {
    if (channel !== undefined) return channel;
    const opened = await model.createChannel();
    opened.on('error', () => {});
    opened.on('close', () => {
      if (channel === opened) channel = undefined;
    });
    channel = opened;
    return opened;
  }

  async function askBroker(): Promise<Existence> {
    try {
      const on = await openChannel();
      depth = (await on.checkQueue(queue)).messageCount;
      return 'yes';
    } catch (error) {
      depth = undefined;
      return error instanceof Error && 'code' in error && error.code === 404 ? 'no' : 'unknown';
    }
  }

  async function ask(): Promise<Existence> {
    let answer: Existence = 'unknown';
    await atMost(
      ANSWER_MS,
      askBroker().then((found) => {
        answer = found;
      }),
    );
    return answer;
  }

  function start(): Promise<Existence> {
    const mine = ask().finally(() => {
      if (asking === mine) asking = undefined;
    });
    asking = mine;
    return mine;
  }

  return {
    exists() {
      if (asking === undefined) return start();
      next ??= asking.then(() => {
        next = undefined;
        return start();
      });
      return next;
    },
    depth: () => depth,
  };
}
