/** What `npm run seed` and `npm run etl -- --seed-all` make when no number is given. */
export const defaultSeeds = { users: 50, orders: 120, days: 7, randomSeed: 1 } as const;
