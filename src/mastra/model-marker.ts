/** Value of `holdfast` in the payload of the raw chunk that says: the model's answer is complete. */
export const FINISH_MARKER = "model-finished";

/** Value of `holdfast` in the payload of the raw chunk that says: the model's stream ended before its answer did. */
export const TRUNCATION_MARKER = "model-truncated";
