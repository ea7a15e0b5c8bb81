import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FixtureMessage {
  readonly routingKey: string;
  /** the body's text, as its publisher wrote it but for the days */
  readonly text: string;
}

const day = 86_400_000;
const date = /\d{4}-\d{2}-\d{2}(?=T\d{2}:\d{2}:\d{2})/g;

/**
 * The examples of what the shop's services really publish, moved by whole days so that the newest is of today
 * or yesterday: times of day and fraction digits stay as they are.
 */
export function domainFixture(now = Date.now()): readonly FixtureMessage[] {
  const file = readFileSync(join(import.meta.dirname, '../fixtures/domain-events.jsonl'), 'utf8');
  const newest = Math.max(
    ...[...file.matchAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g)].map(([text]) => Date.parse(text)),
  );
  const days = Math.floor((now - newest) / day);
  const moved = file.replaceAll(date, (text) =>
    new Date(Date.parse(`${text}T00:00:00Z`) + days * day).toISOString().slice(0, 10),
  );
  return moved
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed !== 'object' || parsed === null || !('routingKey' in parsed) || !('body' in parsed)) {
        throw new Error(`no message: ${line}`);
      }
      return { routingKey: String(parsed.routingKey), text: JSON.stringify(parsed.body) };
    });
}
