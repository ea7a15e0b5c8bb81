// The thread's entry in development and in tests: the sources are TypeScript, and a thread does not inherit tsx.
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
