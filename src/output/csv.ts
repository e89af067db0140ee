/** Rows of cells as RFC 4180 has them. */
export const csv = (rows: readonly (readonly unknown[])[]): string => rows.map(csvLine).join("");

/** One line of a CSV file, RFC 4180. */
export const csvLine = (values: readonly unknown[]): string => `${values.map(cell).join(",")}\r\n`;

function cell(value: unknown): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
