/** One thing measured several times on one subject. */
export interface Figure {
  readonly subject: string;
  readonly measure: string;
  readonly unit: string;
  /** One value per round. */
  readonly values: readonly number[];
}

/** A figure held against what is promised. */
export interface Target {
  readonly claim: string;
  readonly actual: number;
  readonly limit: number;
  readonly direction: "at least" | "at most";
}

/** What a scenario found. */
export interface ScenarioResult {
  readonly figures: readonly Figure[];
  readonly targets: readonly Target[];
  /** What was checked besides time, such as that the text arrived whole. */
  readonly notes: readonly string[];
}

/** A scenario of the bench. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  run(options: ScenarioOptions): Promise<ScenarioResult>;
}

export interface ScenarioOptions {
  /** Where CPU profiles of the product's server go; left out: none are taken, and profiled figures are not comparable. */
  readonly profileDirectory?: string;
}

export function isMet(target: Target): boolean {
  return target.direction === "at least" ? target.actual >= target.limit : target.actual <= target.limit;
}
