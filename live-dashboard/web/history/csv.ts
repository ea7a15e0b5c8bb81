export type CsvValue = string | number | null;

/**
 * A table as RFC 4180 has it: a heading line, CRLF after each, quotes where they are needed. A text that a
 * spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers.
 */
export const csvText = (headings: readonly string[], rows: readonly (readonly CsvValue[])[]): string =>
  [headings, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');

function field(value: CsvValue): string {
  if (value === null) return '';
  const text = typeof value === 'number' ? String(value) : harmless(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Also behind blanks, which spreadsheets pass over; and the full-width forms that some of them read alike. */
const harmless = (text: string): string => (/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text);
