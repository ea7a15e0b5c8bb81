import { type BronzeColumn, bronzeColumns, itemColumns } from '../bronze-columns.ts';
import { letterColumns } from '../letter-columns.ts';
import { batchFoundNumber, letterResolvedNumber } from './failures.ts';
import { sqlType } from './sql-types.ts';

/**
 * The one text that commits any batch, in one round trip: the same text each time is one plan. Every table has a
 * parameter of its name, NULL where the batch has nothing for it.
 *
 * Claims are inserted in the order of their fingerprints, so that two processes wait for each other and do not
 * deadlock; those that others hold are lost, and nothing of theirs is written. A replayed letter is resolved where its
 * event's claim was won, and must be pending still: two replays of one letter may have made two events of it.
 */

interface Target {
  readonly parameter: string;
  readonly table: string;
  readonly columns: readonly BronzeColumn<never>[];
  /** a column of the old system's table that says the same as another of ours */
  readonly also?: { readonly column: string; readonly as: string };
}

const insertRows = ({ parameter, table, columns, also }: Target): string => {
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => `r.${name}`);
  if (also !== undefined) {
    names.push(also.column);
    values.push(`r.${also.as}`);
  }
  return `
  IF @${parameter} IS NOT NULL
    INSERT INTO ${table} (${names.join(', ')})
    SELECT ${values.join(', ')}
    FROM OPENJSON(@${parameter}) WITH (
      n int, ${columns.map((column) => `${column.name} ${sqlType(column)}`).join(', ')}
    ) AS r
    WHERE NOT EXISTS (SELECT 1 FROM @lost AS l WHERE l.n = r.n);`;
};

export interface TableShape {
  /** api_request_logs and db_query_perf have the old system's [timestamp] beside event_timestamp */
  readonly oldTimestamps: boolean;
}

const targets = ({ oldTimestamps }: TableShape): readonly Target[] => {
  const also = { column: '[timestamp]', as: 'event_timestamp' };
  const withTimestamp: readonly string[] = ['api_request_logs', 'db_query_perf'];
  return [
    ...Object.entries<readonly BronzeColumn<never>[]>(bronzeColumns).map(([table, columns]) => ({
      parameter: table,
      table: `bronze.${table}`,
      columns,
      ...(oldTimestamps && withTimestamp.includes(table) ? { also } : {}),
    })),
    { parameter: 'business_event_items', table: 'bronze.business_event_items', columns: itemColumns },
    { parameter: 'dead_letter_events', table: 'ops.dead_letter_events', columns: letterColumns(0) },
  ];
};

/** The parameters that hold rows, by name. */
export const rowParameters = targets({ oldTimestamps: false }).map(({ parameter }) => parameter);

export const commitText = (shape: TableShape): string => `
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @won TABLE (fingerprint varchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY);
DECLARE @lost TABLE (
  n int NOT NULL PRIMARY KEY, fingerprint varchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
);
BEGIN TRY
  BEGIN TRANSACTION;
  INSERT INTO ops.commit_fences (attempt, fenced_at) VALUES (@attempt, @at);
  DELETE FROM ops.commit_fences WHERE attempt = @attempt;

  IF @claims IS NOT NULL
  BEGIN
    INSERT INTO ops.event_fingerprints (fingerprint, content_hash, event_id, first_seen_at, source, batch_id)
    OUTPUT inserted.fingerprint INTO @won (fingerprint)
    SELECT c.fingerprint, c.content_hash, c.event_id, @at, c.source, @batch
    FROM OPENJSON(@claims) WITH (
      fingerprint varchar(64), content_hash varchar(64), event_id uniqueidentifier, source nvarchar(50)
    ) AS c
    WHERE NOT EXISTS (
      SELECT 1 FROM ops.event_fingerprints AS f
      WHERE f.fingerprint = c.fingerprint COLLATE Latin1_General_100_BIN2
    )
    ORDER BY c.fingerprint COLLATE Latin1_General_100_BIN2;

    IF (SELECT COUNT(*) FROM @won) < @claimed
    BEGIN
      INSERT INTO @lost (n, fingerprint)
      SELECT c.n, c.fingerprint
      FROM OPENJSON(@claims) WITH (n int, fingerprint varchar(64)) AS c
      WHERE NOT EXISTS (
        SELECT 1 FROM @won AS w WHERE w.fingerprint = c.fingerprint COLLATE Latin1_General_100_BIN2
      );
      IF EXISTS (
        SELECT 1 FROM @lost AS l INNER JOIN ops.event_fingerprints AS f ON f.fingerprint = l.fingerprint
        WHERE f.batch_id = @batch
      )
        THROW ${batchFoundNumber}, 'An earlier try of this batch was stored', 1;
    END;
  END;
${targets(shape).map(insertRows).join('\n')}

  IF @seen_again IS NOT NULL
    UPDATE d
    SET seen = d.seen + s.times, last_seen_at = @at
    FROM ops.dead_letter_events AS d
    INNER JOIN OPENJSON(@seen_again) WITH (fingerprint varchar(64), times int) AS s
      ON d.fingerprint = s.fingerprint COLLATE Latin1_General_100_BIN2
    WHERE NOT EXISTS (SELECT 1 FROM @lost AS l WHERE l.fingerprint = d.fingerprint);

  IF @letters_stored IS NOT NULL
  BEGIN
    UPDATE d
    SET status = N'replayed', attempts = d.attempts + 1, resolved_at = @at, resolution = r.resolution
    FROM ops.dead_letter_events AS d
    INNER JOIN OPENJSON(@letters_stored) WITH (n int, letter uniqueidentifier, resolution nvarchar(max)) AS r
      ON d.event_id = r.letter
    WHERE d.status = N'pending' AND NOT EXISTS (SELECT 1 FROM @lost AS l WHERE l.n = r.n);
    IF @@ROWCOUNT < (
      SELECT COUNT(*) FROM OPENJSON(@letters_stored) WITH (n int) AS r
      WHERE NOT EXISTS (SELECT 1 FROM @lost AS l WHERE l.n = r.n)
    )
      THROW ${letterResolvedNumber}, 'A replayed letter was resolved meanwhile', 1;
  END;

  IF @letters_duplicate IS NOT NULL
    UPDATE d
    SET status = N'replayed', attempts = d.attempts + 1, resolved_at = @at, resolution = r.resolution
    FROM ops.dead_letter_events AS d
    INNER JOIN OPENJSON(@letters_duplicate) WITH (letter uniqueidentifier, resolution nvarchar(max)) AS r
      ON d.event_id = r.letter
    WHERE d.status = N'pending';

  IF @letters_failed IS NOT NULL
    UPDATE d
    SET attempts = d.attempts + 1, stage = r.stage, reason = r.reason, detail = r.detail
    FROM ops.dead_letter_events AS d
    INNER JOIN OPENJSON(@letters_failed) WITH (
      letter uniqueidentifier, stage nvarchar(20), reason nvarchar(500), detail nvarchar(max)
    ) AS r
      ON d.event_id = r.letter
    WHERE d.status = N'pending';

  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;
SELECT l.fingerprint, f.content_hash, f.batch_id
FROM @lost AS l LEFT JOIN ops.event_fingerprints AS f ON f.fingerprint = l.fingerprint;
`;
