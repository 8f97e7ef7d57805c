/** Milliseconds since the Unix epoch as an ISO 8601 text. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
