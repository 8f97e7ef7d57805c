/** Lines, as {@link runAgent} writes them, that most runs have in common. */

const MODEL = "'provider':'scripted','modelId':'script-1'";

/** A step that says a text and ends the run. */
export function answered(step: number, text = "Done."): readonly string[] {
  return [
    `step-started ${step}`,
    ...said(`${step}.t0`, text),
    `model-finished ${step} {'finishReason':'stop','usage':'20+10',${MODEL}}`,
    `step-finished ${step} {'finishReason':'stop','usage':'20+10','isContinued':false}`,
  ];
}

/** A text part. */
export function said(id: string, text: string): readonly string[] {
  return [`text-start ${id}`, `text-delta ${id} {'text':'${text}'}`, `text-end ${id}`];
}

/** The end of a model's answer that asks for tools. */
export function asked(step: number): string {
  return `model-finished ${step} {'finishReason':'tool-calls','usage':'20+10',${MODEL}}`;
}

/** The end of a step that another one follows. */
export function continued(step: number): string {
  return `step-finished ${step} {'finishReason':'tool-calls','usage':'20+10','isContinued':true}`;
}

/** The signal that ends a run of so many model calls. */
export function finished(calls: number, reason = "stop"): string {
  const usage = calls === 1 ? "'20+10'" : `{'inputTokens':${calls * 20},'outputTokens':${calls * 10},'totalTokens':${calls * 30}}`;
  return `! finish {'finishReason':'${reason}','usage':${usage}}`;
}
