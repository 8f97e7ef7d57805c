import { isMet, type Figure, type ScenarioResult, type Target } from "./result.ts";
import { extent, median } from "./statistics.ts";

/** The result of a scenario as Markdown: figures, targets, notes. */
export function printResult(title: string, result: ScenarioResult): string {
  const figures = result.figures.length === 0 ? [] : [table(["subject", "measure", "median", "min–max", "rounds"], result.figures.map(figureRow))];
  const targets = result.targets.length === 0 ? [] : [table(["target", "limit", "measured", ""], result.targets.map(targetRow))];
  const notes = result.notes.map((note) => `- ${note}`).join("\n");
  return [`## ${title}`, ...figures, ...targets, ...(notes === "" ? [] : [notes])].join("\n\n") + "\n";
}

function figureRow(figure: Figure): readonly string[] {
  const [least, most] = extent(figure.values);
  const middle = `${short(median(figure.values))} ${figure.unit}`.trim();
  return [figure.subject, figure.measure, middle, `${short(least)}–${short(most)}`, String(figure.values.length)];
}

function targetRow(target: Target): readonly string[] {
  return [target.claim, `${target.direction} ${short(target.limit)}`, short(target.actual), isMet(target) ? "met" : "MISSED"];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0), 3));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
