import sql from 'mssql';

/**
 * Values of a statement's `@name`s, each typed as the column that it meets: an nvarchar that is compared with a
 * varchar key makes the server scan it.
 */
export interface Parameter {
  readonly type: sql.ISqlType | (() => sql.ISqlType);
  readonly value: string | number | boolean | Date | null;
}
export type Parameters = Readonly<Record<string, Parameter>>;

/** Any length: JSON that OPENJSON reads, payloads. */
export const longText = (value: string | null): Parameter => ({ type: sql.NVarChar(sql.MAX), value });
/** Up to `length` characters, as a text or id column holds. */
export const text = (value: string | null, length: number): Parameter => ({
  type: sql.NVarChar(length),
  value,
});
/** Hexadecimal: fingerprints and hashes. */
export const hash = (value: string | null): Parameter => ({ type: sql.VarChar(64), value });
export const uuid = (value: string | null): Parameter => ({ type: sql.UniqueIdentifier, value });
export const whole = (value: number | null): Parameter => ({ type: sql.BigInt, value });
/** ms since 1970 */
export const time = (ms: number | null): Parameter => ({
  type: sql.DateTime2(3),
  value: ms === null ? null : new Date(Math.floor(ms)),
});
