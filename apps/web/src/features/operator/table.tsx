import type { ReactNode } from 'react';

export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
  readonly numeric?: boolean;
  /** Takes a line of its own on a card. */
  readonly wide?: boolean;
}

interface TableProps<Row> {
  readonly caption: string;
  /** Its first column names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** On a phone each row is a card instead, with its headings beside the figures. */
  readonly cards?: boolean;
}

// As cards the rows are laid out by other rules, for which some browsers forget that this is a table.
const ROLE = {
  table: { role: 'table' },
  group: { role: 'rowgroup' },
  row: { role: 'row' },
  head: { role: 'columnheader' },
  name: { role: 'rowheader' },
  cell: { role: 'cell' },
} as const;

export function Table<Row>({ caption, columns, rows, keyOf, cards = false }: TableProps<Row>) {
  const [name, ...others] = columns;
  if (!name) return null;
  return (
    <table className={cards ? 'figures cards' : 'figures'} {...ROLE.table}>
      <caption className="sr-only">{caption}</caption>
      <thead {...ROLE.group}>
        <tr {...ROLE.row}>
          {columns.map(({ key, head, numeric }) => (
            <th key={key} scope="col" className={numeric ? 'numeric' : undefined} {...ROLE.head}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody {...ROLE.group}>
        {rows.map((row) => (
          <tr key={keyOf(row)} {...ROLE.row}>
            <th scope="row" {...ROLE.name}>
              {name.cell(row)}
            </th>
            {others.map(({ key, head, cell, numeric, wide }) => (
              <td key={key} data-head={head} className={numeric ? 'numeric' : wide ? 'wide' : undefined} {...ROLE.cell}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
