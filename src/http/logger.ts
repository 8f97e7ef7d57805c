import pino, { type Logger } from "pino";

/** The logger of an embedded Holdfast that was given none: what needs attention, on stderr. */
export function defaultLogger(): Logger {
  return pino({ name: "holdfast", level: "warn" }, pino.destination({ fd: 2, sync: true }));
}
