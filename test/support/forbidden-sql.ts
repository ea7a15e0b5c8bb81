/**
 * What sql/silver and sql/gold must not say, since one engine lacks it or means something else by it: the table of
 * design/portable-sql.md, as far as a text can be asked. Each rule stands beside examples that it must catch.
 */
export interface ForbiddenForm {
  readonly name: string;
  readonly found: (statement: SqlText) => boolean;
  readonly bad: readonly string[];
}

/** One statement without comments. `code` has its quoted texts emptied. */
export interface SqlText {
  readonly text: string;
  readonly code: string;
}

export const sqlText = (statement: string): SqlText => {
  const text = statement
    .replace(/--[^\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return { text, code: text.replace(/'(?:[^']|'')*'/g, "''") };
};

const says =
  (pattern: RegExp) =>
  ({ code }: SqlText): boolean =>
    pattern.test(code);
const quoted =
  (pattern: RegExp) =>
  ({ text }: SqlText): boolean =>
    pattern.test(text);

const form = (
  name: string,
  found: ForbiddenForm['found'],
  ...bad: readonly [string, ...string[]]
): ForbiddenForm => ({ name, found, bad });

/** Where the bracket that opens at `open` closes. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    if (code[at] === '(') depth += 1;
    if (code[at] === ')' && --depth === 0) return at;
  }
  return code.length;
}

/** The arguments of every call of a function, as text. */
function callsOf(name: string, code: string): readonly string[] {
  return [...code.matchAll(new RegExp(`(?<![\\w.])${name}\\s*\\(`, 'gi'))].map((match) => {
    const open = match.index + match[0].length - 1;
    return code.slice(open + 1, closing(code, open));
  });
}

/**
 * Is a quotient's numerator cast, or is it arithmetic of whole numbers that both cut alike (`(n - 1) / 2`)?
 * What stands before the slash is a cast's bracket, else the divisor must be a number that is written out.
 */
function divides({ code }: SqlText): boolean {
  return [...code.matchAll(/(\S+?)\s*\/\s*(\S+)/g)].some((match) => {
    const [all, before = '', after = ''] = match;
    const isWhole = /^\d+$/.test(after.replace(/[^\d].*$/, '')) && !/NULLIF/i.test(after);
    if (isWhole) return false;
    const cast = before.endsWith(')') && isCastAt(code, match.index + all.indexOf('/') - 1);
    return !cast || !/^NULLIF/i.test(after);
  });
}

/** Is the bracket that ends before `place` the end of a CAST? */
function isCastAt(code: string, place: number): boolean {
  let end = place;
  while (end >= 0 && code[end] !== ')') end -= 1;
  let depth = 0;
  for (let at = end; at >= 0; at -= 1) {
    if (code[at] === ')') depth += 1;
    if (code[at] === '(' && --depth === 0) return /CAST\s*$/i.test(code.slice(0, at));
  }
  return false;
}

const isExact = /AS\s+(DECIMAL|BIGINT|INTEGER|INT)\b/i;
/** Flags and counts that are written as CASE, or are a column as it is, stay below 2 billion in a group. */
const isSmall = /^\s*(CASE\b[\s\S]*\bEND|\w+\.\w+)\s*$/i;

const reserved = [
  'at',
  'end',
  'desc',
  'show',
  'pivot',
  'user',
  'percent',
  'plan',
  'key',
  'file',
  'order',
  'group',
];

export const forbiddenForms: readonly ForbiddenForm[] = [
  form(
    'a quotient whose numerator is not cast, or whose divisor may be 0',
    divides,
    'SELECT a.x / a.y AS r',
    'SELECT a.x / NULLIF(a.y, 0) AS r',
    'SELECT CAST(a.x AS DECIMAL(18, 6)) / a.y AS r',
    'SELECT COUNT(*) / NULLIF(a.y, 0) AS r',
  ),
  form(
    'a quotient rounded to six places at once: DuckDB makes it a DOUBLE, which may stand just below a half',
    says(/\/\s*NULLIF\((?:[^()]|\([^()]*\))*\)\s*AS\s+DECIMAL\(\d+, 6\)/i),
    'SELECT CAST(CAST(a.x AS DECIMAL(18, 6)) / NULLIF(a.y, 0) AS DECIMAL(9, 6)) AS r',
  ),
  form('AVG, whose type follows its argument', says(/\bAVG\s*\(/i), 'SELECT AVG(t.x) AS m'),
  form(
    'SUM of what may overflow an int',
    ({ code }) => callsOf('SUM', code).some((inside) => !isSmall.test(inside) && !isExact.test(inside)),
    'SELECT SUM(t.quantity * t.price) AS s',
  ),
  form(
    'CAST of a fraction to a whole number without FLOOR or ROUND',
    ({ code }) =>
      callsOf('CAST', code).some((inside) => /(\d\.\d|\/)[^()]*AS\s+(INT|INTEGER|BIGINT)\s*$/i.test(inside)),
    'SELECT CAST(2.7 AS INT) AS n',
    'SELECT CAST(t.ms / 1000 AS BIGINT) AS n',
  ),
  form(
    'percentile functions',
    says(/\b(PERCENTILE_CONT|PERCENTILE_DISC|QUANTILE\w*|MEDIAN)\b/i),
    'SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY t.x) AS m',
    'SELECT median(t.x) AS m',
    'SELECT quantile_cont(t.x, 0.5) AS m',
  ),
  form(
    'NULLS FIRST and NULLS LAST',
    says(/\bNULLS\s+(FIRST|LAST)\b/i),
    'SELECT t.a FROM t ORDER BY t.a NULLS LAST',
  ),
  form(
    'an order by a uuid that is no text',
    ({ code }) =>
      [...code.matchAll(/ORDER BY ([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*)/gi)].some(
        ([, keys = '']) =>
          /(?<!CAST\(\w+\.)\bevent_id\b(?!\s+AS\s+VARCHAR)/i.test(
            keys.replace(/CAST\s*\(\s*\w+\.event_id\s+AS\s+VARCHAR/gi, ''),
          ),
      ),
    'SELECT t.a FROM t ORDER BY t.at_time, t.event_id',
  ),
  form(
    'a uuid as text that is not folded',
    ({ code }) => /(?<!LOWER\()CAST\(\s*\w+\.(event_id|run_id) AS VARCHAR/i.test(code),
    'SELECT CAST(t.event_id AS VARCHAR(36)) AS id',
  ),
  form(
    'string concatenation by || or +',
    ({ text }) => /\|\||'\s*\+|\+\s*'/.test(text),
    "SELECT 'a' || t.b AS c",
    "SELECT 'a' + t.b AS c",
  ),
  form(
    'a text type without a length',
    says(/\bAS\s+N?VARCHAR\b(?!\s*\()/i),
    'SELECT CAST(t.a AS VARCHAR) AS b',
    'SELECT CAST(t.a AS NVARCHAR) AS b',
  ),
  form(
    'LEN and LENGTH',
    says(/\b(LEN|LENGTH|DATALENGTH|STRLEN)\s*\(/i),
    'SELECT LEN(t.a) AS n',
    'SELECT length(t.a) AS n',
  ),
  form(
    'LIKE and its kin',
    says(/\b(LIKE|ILIKE|SIMILAR TO|GLOB)\b|~/i),
    "SELECT t.a FROM t WHERE t.a LIKE 'x%'",
    "SELECT t.a FROM t WHERE t.a ~ 'x'",
  ),
  form(
    'booleans',
    says(/\b(TRUE|FALSE|BOOLEAN|BIT|IS\s+(NOT\s+)?(TRUE|FALSE))\b|\bWHERE\s+\w+\.is_\w+\s*(AND|OR|GROUP|$)/i),
    'SELECT TRUE AS a',
    'SELECT CAST(t.a AS BIT) AS b',
    'SELECT t.a FROM t WHERE t.is_bot',
  ),
  form('RECURSIVE', says(/\bRECURSIVE\b/i), 'WITH RECURSIVE r AS (SELECT 1 AS n) SELECT r.n FROM r'),
  form(
    'a CTE after INSERT',
    says(/^INSERT\b[\s\S]*\)\s*WITH\b/i),
    'INSERT INTO t (a) WITH c AS (SELECT 1 AS a) SELECT c.a FROM c',
  ),
  form(
    'an INSERT that does not name its columns',
    says(/\bINSERT INTO\s+[\w.]+\s+(?!\()/i),
    'INSERT INTO gold.x SELECT t.a FROM t',
  ),
  form(
    'a DELETE with an alias or USING',
    says(/\bDELETE\s+(?!FROM)\w|\bDELETE FROM\s+[\w.]+\s+(?!WHERE\b|$)\w/i),
    'DELETE FROM gold.x AS g WHERE g.a = 1',
    'DELETE FROM gold.x USING t WHERE t.a = 1',
    'DELETE g FROM gold.x AS g',
  ),
  form('temporary tables', says(/\bCREATE\b|#\w/i), 'CREATE TEMP TABLE t (a INT)', 'SELECT t.a FROM #t AS t'),
  form(
    'UPDATE and MERGE',
    says(/\b(UPDATE|MERGE)\b/i),
    'UPDATE t SET a = s.a FROM s',
    'MERGE INTO t USING s ON 1 = 1',
  ),
  form(
    'QUALIFY, FILTER, USING, ANY_VALUE and their kin',
    says(
      /\b(QUALIFY|USING|ANY_VALUE|ARG_MAX|ARG_MIN|MAX_BY|MIN_BY|FIRST|LAST|LIST|UNNEST|GROUP BY ALL|ORDER BY ALL|EXCLUDE|ASOF|SEMI|ANTI|LATERAL|GENERATE_SERIES|RANGE\s*\()\b|\bFILTER\s*\(/i,
    ),
    'SELECT t.a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY t.a) = 1',
    'SELECT COUNT(*) FILTER (WHERE t.a = 1) AS n FROM t',
    'SELECT t.a FROM t INNER JOIN s USING (a)',
    'SELECT ANY_VALUE(t.a) AS a FROM t',
    'SELECT t.a FROM t GROUP BY ALL',
    'SELECT t.a FROM t ANTI JOIN s ON s.a = t.a',
  ),
  form(
    'several columns before IN',
    says(/\)\s*(NOT\s+)?IN\s*\(|\(\s*\w+\.\w+\s*,[^()]*\)\s*(NOT\s+)?IN\b/i),
    'SELECT t.a FROM t WHERE (t.a, t.b) IN (SELECT s.a, s.b FROM s)',
  ),
  form(
    'GROUP BY an alias or a place',
    ({ code }) =>
      [
        ...code.matchAll(
          /GROUP BY ((?:[^()]|\([^()]*(?:\([^()]*\)[^()]*)*\))*?)(?=\)|;|$| HAVING| ORDER| UNION)/gi,
        ),
      ].some(([, keys = '']) =>
        keys
          .replace(/\((?:[^()]|\([^()]*\))*\)/g, '()')
          .split(',')
          .map((key) => key.trim())
          .some((key) => /^(\w+|\d+)$/.test(key)),
      ),
    'SELECT LEFT(t.a, 2) AS b, COUNT(*) AS n FROM t GROUP BY b',
    'SELECT t.a, COUNT(*) AS n FROM t GROUP BY 1',
  ),
  form(
    'what SQL Server has from 2022 on only',
    says(/\b(IS\s+(NOT\s+)?DISTINCT\s+FROM|GREATEST|LEAST|DATETRUNC|DATE_TRUNC|DATE_BUCKET)\b/i),
    'SELECT t.a FROM t WHERE t.a IS DISTINCT FROM t.b',
    'SELECT GREATEST(t.a, t.b) AS c',
    "SELECT date_trunc('day', t.a) AS d",
  ),
  form(
    'functions of one engine',
    says(
      /\b(STRING_AGG|IIF|ISNULL|IFNULL|CONVERT|TRY_CAST|SYSUTCDATETIME|GETDATE|GETUTCDATE|NOW|CURRENT_TIMESTAMP|CURRENT_DATE|DATEADD|DATEDIFF|DATEDIFF_BIG|DATEPART|DATE_DIFF|DATE_PART|EXTRACT|EPOCH|EPOCH_MS|STRFTIME|STRPTIME|FORMAT|TO_TIMESTAMP|INTERVAL|SUBSTR|SUBSTRING|STRPOS|CHARINDEX|REGEXP_\w+|SPLIT_PART|MD5|UUID|NEWID|TOP|LIMIT)\b|::/i,
    ),
    "SELECT STRING_AGG(t.a, ',') AS a FROM t",
    'SELECT IIF(t.a = 1, 2, 3) AS b FROM t',
    'SELECT ISNULL(t.a, 0) AS a FROM t',
    'SELECT CURRENT_TIMESTAMP AS n',
    'SELECT t.a FROM t LIMIT 5',
    'SELECT TOP 5 t.a FROM t',
    'SELECT t.a::DATE AS d FROM t',
    "SELECT t.a + INTERVAL '1 day' AS d FROM t",
    'SELECT epoch_ms(t.a) AS ms FROM t',
  ),
  form('a quoted or bracketed name', says(/"|\[/), 'SELECT t."a" FROM t', 'SELECT t.[a] FROM t'),
  form(
    'a bare alias of a table',
    says(
      /\b(?:FROM|JOIN)\s+\w+\.\w+\s+(?!AS\b|WHERE\b|ON\b|INNER\b|LEFT\b|FULL\b|CROSS\b|GROUP\b|ORDER\b|UNION\b|HAVING\b)[A-Za-z_]\w*|\)\s+(?!AS\b|WHERE\b|ON\b|AND\b|OR\b|IN\b|NOT\b|IS\b|THEN\b|ELSE\b|WHEN\b|END\b|OVER\b|SELECT\b|FROM\b|INNER\b|LEFT\b|FULL\b|CROSS\b|GROUP\b|ORDER\b|UNION\b|HAVING\b|DESC\b|ASC\b|INSERT\b|VALUES\b|ROWS\b|BETWEEN\b|INTERSECT\b|EXCEPT\b)[A-Za-z_]\w*/i,
    ),
    'SELECT b.a FROM bronze.t b',
    'SELECT n.a FROM (SELECT 1 AS a) n',
    'SELECT COUNT(*) total FROM bronze.t AS b',
  ),
  form(
    'a reserved word as a name',
    says(
      new RegExp(`\\b(?:AS|@)\\s*(${reserved.join('|')})\\b(?!\\s*\\()|\\.(${reserved.join('|')})\\b`, 'i'),
    ),
    'SELECT t.a AS user FROM t',
    'SELECT t.end FROM t',
  ),
  form(
    'a NULL without a type in a column of a UNION',
    says(/(?:SELECT|,)\s*NULL\s*(?:,|AS\b|FROM\b)/i),
    'SELECT t.a, NULL AS b FROM t UNION ALL SELECT s.a, s.b FROM s',
    'SELECT NULL, t.a FROM t',
  ),
  form(
    'a date or time literal of its own',
    quoted(/\b(DATE|TIMESTAMP|TIME)\s*'/i),
    "SELECT DATE '2026-01-01' AS d",
  ),
  form(
    'types that one engine lacks or means otherwise',
    says(
      /\bAS\s+(TIMESTAMP|DATETIME|DATETIME2|STRING|TEXT|HUGEINT|UUID|UNIQUEIDENTIFIER|DOUBLE|REAL|TINYINT|MONEY)\b/i,
    ),
    'SELECT CAST(t.a AS TIMESTAMP) AS b FROM t',
    'SELECT CAST(t.a AS DOUBLE) AS b FROM t',
  ),
  form(
    'what asks the clock or chance',
    says(/\b(RAND|RANDOM|LOCALTIME\w*|GETANSINULL|TODAY)\s*\(/i),
    'SELECT random() AS r',
  ),
];
