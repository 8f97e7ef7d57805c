/**
 * The stock client keeps one open question for each `runId`, so the second question of a run and those behind it get a name of their own.
 * The first has that of the run. `index` counts from 0.
 */
export function questionRunId(runId: string, index: number): string {
  return index === 0 ? runId : `${runId}:${index + 1}`;
}

/** The run that a question was asked by. */
export function askingRunId(questionId: string): string {
  return questionId.replace(/:\d+$/, "");
}
