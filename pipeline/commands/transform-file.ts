import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { Transform } from '../replay/transform.ts';
import { WrongUse } from './command.ts';

const isFunction = (value: unknown): value is Transform => typeof value === 'function';

const defaultOf = (module: unknown): unknown =>
  typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;

/**
 * The default function of a TypeScript or JavaScript module, run in this process. Throws WrongUse for a file that is
 * not there or has none, KADA_TRANSFORM for one that cannot be loaded.
 */
export async function loadTransform(given: string): Promise<Transform> {
  // npm runs a script in the project's folder; the file is named from where the command was typed.
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), given);
  if (!existsSync(file)) throw new WrongUse(`--transform: there is no ${file}`);
  let module: unknown;
  try {
    module = await tsImport(pathToFileURL(file).href, import.meta.url);
  } catch (error) {
    throw new KadaError('KADA_TRANSFORM', `${file} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
  const found = defaultOf(module);
  // A CommonJS module's exports stand below another default.
  const transform = isFunction(found) ? found : defaultOf(found);
  if (!isFunction(transform)) throw new WrongUse(`--transform: ${file} has no default function`);
  return transform;
}
