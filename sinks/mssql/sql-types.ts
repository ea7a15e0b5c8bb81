import type { BronzeColumn } from '../bronze-columns.ts';

/** The type of a column, as a table declares it and OPENJSON reads it. */
export const sqlType = (column: BronzeColumn<never>): string => {
  switch (column.type) {
    case 'text':
    case 'id':
      return column.length === undefined ? 'nvarchar(max)' : `nvarchar(${column.length})`;
    case 'uuid':
      return 'uniqueidentifier';
    case 'timestamp':
      return 'datetime2(3)';
    case 'cents':
      return 'decimal(12,2)';
    case 'double':
      return 'float';
    case 'integer':
      return 'int';
    default:
      return column.type;
  }
};
