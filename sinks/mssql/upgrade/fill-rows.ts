import type { BronzeTable, ItemRow } from '../../../ingest/event.ts';
import { type BronzeColumn, itemColumns } from '../../bronze-columns.ts';
import { type ToJson, toJson } from '../json-rows.ts';
import { longText } from '../parameters.ts';
import type { Cell, Session } from '../session.ts';
import { sqlType } from '../sql-types.ts';
import { filledColumns, type OldRow, type UpgradedRow, upgradeRow } from './old-rows.ts';

/** Old rows of one statement, and of one transaction. */
const rowsAtOnce = 500;

/** The columns of an upgraded row, read by their names; none is required of what an old system left. */
const byName = (columns: readonly BronzeColumn<never>[]): readonly BronzeColumn<UpgradedRow>[] =>
  columns.map((column): BronzeColumn<UpgradedRow> => {
    switch (column.type) {
      case 'text':
      case 'id':
      case 'uuid':
        return {
          ...column,
          required: false,
          of: (row) => (typeof row[column.name] === 'string' ? String(row[column.name]) : null),
        };
      default:
        return {
          ...column,
          required: false,
          of: (row) => (typeof row[column.name] === 'number' ? Number(row[column.name]) : null),
        };
    }
  });

const eventId: BronzeColumn<UpgradedRow> = {
  name: 'event_id',
  type: 'uuid',
  required: true,
  of: (row) => String(row.event_id),
};

const openJson = (parameter: string, columns: readonly BronzeColumn<never>[]): string =>
  `OPENJSON(@${parameter}) WITH (${columns.map((column) => `${column.name} ${sqlType(column)}`).join(', ')})`;

const plain = (cell: Cell | undefined): string | number | null => {
  if (cell instanceof Date) return cell.getTime();
  if (typeof cell === 'string' || typeof cell === 'number') return cell;
  return null;
};

async function unfilled(session: Session, table: BronzeTable): Promise<readonly OldRow[]> {
  const { columns, rows } = await session.rows(
    `SELECT * FROM bronze.${table} WHERE canonical_type IS NULL
     ORDER BY event_id OFFSET 0 ROWS FETCH NEXT ${rowsAtOnce} ROWS ONLY`,
  );
  return rows.map((cells) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, plain(cells[index])])),
  );
}

/** Only rows that still wait: an upgrade that was interrupted goes on where it was. */
const updateText = (table: BronzeTable, filled: readonly BronzeColumn<UpgradedRow>[]): string =>
  `UPDATE t SET ${filled.map(({ name }) => `${name} = r.${name}`).join(', ')}
   FROM bronze.${table} AS t INNER JOIN ${openJson('rows', [eventId, ...filled])} AS r ON t.event_id = r.event_id
   WHERE t.canonical_type IS NULL`;

const itemsText = `
  INSERT INTO bronze.business_event_items (${itemColumns.map(({ name }) => name).join(', ')})
  SELECT ${itemColumns.map(({ name }) => `r.${name}`).join(', ')} FROM ${openJson('items', itemColumns)} AS r`;

const jsonOf = <Row>(to: ToJson<Row>, rows: readonly Row[]): string => `[${rows.map(to).join(',')}]`;
const itemJson: ToJson<ItemRow> = toJson(itemColumns);

/**
 * Fills the typed columns of every old row of a table, some at a time.
 * @param transaction runs its work in one, on the connection of the migration
 * @returns how many rows were filled now
 */
export async function fillOldRows(
  table: BronzeTable,
  transaction: <T>(work: (session: Session) => Promise<T>) => Promise<T>,
): Promise<number> {
  const filled = byName(filledColumns(table));
  const text = updateText(table, filled);
  const rowJson = toJson([eventId, ...filled]);
  for (let total = 0; ; ) {
    const done = await transaction(async (session) => {
      const old = await unfilled(session, table);
      if (old.length === 0) return 0;
      const upgraded = old.map((row) => {
        const { row: now, items } = upgradeRow(table, row);
        return { row: { ...now, event_id: row.event_id ?? null }, items };
      });
      const items = upgraded.flatMap((row) => row.items);
      await session.execute(text, {
        rows: longText(
          jsonOf(
            rowJson,
            upgraded.map(({ row }) => row),
          ),
        ),
      });
      if (items.length > 0) await session.execute(itemsText, { items: longText(jsonOf(itemJson, items)) });
      return old.length;
    });
    if (done === 0) return total;
    total += done;
  }
}
