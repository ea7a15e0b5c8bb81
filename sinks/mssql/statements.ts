/** The batches of a script: what stands between lines that say GO, as SQL Server's own tools cut it. */
export const batchesOf = (script: string): readonly string[] =>
  script
    .split(/^[ \t]*GO[ \t]*$/im)
    .map((batch) => batch.trim())
    .filter((batch) => batch.replace(/--.*$/gm, '').trim() !== '');
