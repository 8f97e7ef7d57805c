/** How long a response asks to wait, in milliseconds: `Retry-After` holds seconds or a date. `undefined` when it does not say. */
export function retryAfterMs(response: Response, now: number): number | undefined {
  const text = response.headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
