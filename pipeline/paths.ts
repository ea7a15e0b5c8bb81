import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Root of the running code: the project's root when run from source, the build's when built. Both have the same
 * layout, because the build carries along what is read at run time (`sql/`, JSON files, the built page).
 */
export const codeRoot = resolve(fileURLToPath(import.meta.url), '../..');

/** Folder of the built pages, absolute. */
export const webRoot = resolve(codeRoot, 'live-dashboard/web/dist');

/** Folder of migrations and transforms, absolute. */
export const sqlRoot = resolve(codeRoot, 'sql');

/** The project's own funnels; FUNNELS_FILE names another. */
export const defaultFunnelsFile = resolve(codeRoot, 'pipeline/funnels.json');
