import pino from 'pino';
import { rebuildFold } from '../pipeline/funnel/rebuild.ts';
import { openDuckDbInThread } from '../sinks/duckdb/thread/open.ts';
import { newFold } from './fold-run.ts';

/** Rebuilds the fold from a warehouse, as a process does at its start; writes web events, ms, and ms of CPU. */
const [dataDir = '', now = '0'] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const warehouse = await openDuckDbInThread({ dataDir, log });
const fold = await newFold();
const cpuBegan = process.cpuUsage();
const began = performance.now();
const { webEvents } = await rebuildFold(fold, warehouse, { now: Number(now) });
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(cpuBegan);
await warehouse.close();
process.stdout.write(`${webEvents} ${ms} ${(user + system) / 1_000}\n`);
