/** A limit, which means exactly what it says. */
export function exact(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number as people read it: three digits that count, thousands apart. */
export function number(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(size >= 10 ? 3 : 2)));
}
