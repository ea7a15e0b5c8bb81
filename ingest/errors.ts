/** An error that a person or a program can act on: a stable code, what happened, what was kept, what to do. */
export class KadaError extends Error {
  readonly code: `KADA_${string}`;
  constructor(code: `KADA_${string}`, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'KadaError';
    this.code = code;
  }
}

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
