import { beforeEach, expect, test } from 'vitest';
import { type Availability, createAvailability } from '../pipeline/commit/availability.ts';
import { eventually } from './support/eventually.ts';

/** When the warehouse counts as away, and what proves that it is back (commit-protocol.md 5 and 11). */
const there = { read: true, write: true };
const told: string[] = [];
let availability: Availability;
let asked = 0;

beforeEach(() => {
  there.read = true;
  there.write = true;
  told.length = 0;
  asked = 0;
  availability = createAvailability({
    now: Date.now,
    giveBackAfterMs: 100,
    canRead: async () => {
      asked += 1;
      return there.read;
    },
    canWrite: async () => there.write,
    onAway: ({ code }) => told.push(`away ${code}`),
    onGiveBack: () => told.push('give back'),
    onBack: () => told.push('back'),
  });
});

test('a full disk: reads that succeed do not bring writes back, and in the end all is given back', async () => {
  there.write = false;
  availability.failed('write', 'IO', 'File too large');
  availability.succeeded('read');
  await eventually(() => expect(told).toEqual(['away IO', 'give back']));
  expect(availability.away()).toMatchObject({ code: 'IO' });
  there.write = true;
  await eventually(() => expect(availability.away()).toBeUndefined());
  expect(told).toEqual(['away IO', 'give back', 'back']);
});

test('a look-up that failed is over with the next read; when a write fails as well it needs a write', async () => {
  availability.failed('read', 'LOOK_UP', 'cut');
  availability.succeeded('read');
  expect(availability.away()).toBeUndefined();

  there.read = false;
  availability.failed('read', 'LOOK_UP', 'cut');
  availability.failed('write', 'IO', 'cut');
  availability.succeeded('read');
  expect(availability.away()).toBeDefined();
  availability.succeeded('write');
  expect(availability.away()).toBeUndefined();
  expect(told.filter((line) => line === 'back')).toHaveLength(2);
});

test('it finds out by itself that the store is back', async () => {
  there.read = false;
  availability.failed('read', 'LOOK_UP', 'cut');
  await eventually(() => expect(asked).toBeGreaterThan(1));
  expect(availability.away()).toBeDefined();
  there.read = true;
  await eventually(() => expect(availability.away()).toBeUndefined());
});
