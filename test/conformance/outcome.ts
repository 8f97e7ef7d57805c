/** What became of one test. */
export interface TestResult {
  /** Titles of the groups around it and its own, joined by ` > `. */
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly message: string;
}

/** Tests that are known to fail for one reason. */
export interface ExpectedFailures {
  readonly reason: string;
  readonly tests: readonly string[];
}

/** How a run of the suite stands against the list. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What differs from the list, one line each; the lane holds when there is none. */
  readonly differences: readonly string[];
}

/** Compares results with the list: a failure must be on it, and what is on it must fail. */
export function compare(results: readonly TestResult[], expected: readonly ExpectedFailures[]): Outcome {
  const listed = new Set(expected.flatMap(({ tests }) => tests));
  const byName = new Map(results.map((result) => [result.name, result]));
  const failed = results.filter(({ status }) => status === "failed");
  const unexpected = failed.filter(({ name }) => !listed.has(name)).map(({ name, message }) => `failed, but is not on the list: ${name}\n    ${message}`);
  const stale = [...listed].filter((name) => byName.get(name)?.status !== "failed").map((name) => `is on the list, but ${fate(byName.get(name))}: ${name}`);
  const repeated = results.length === byName.size ? [] : ["two tests have the same name, so the list cannot tell them apart"];
  return {
    passed: results.filter(({ status }) => status === "passed").length,
    failed: failed.length,
    skipped: results.filter(({ status }) => status === "skipped").length,
    differences: [...unexpected, ...stale, ...repeated],
  };
}

function fate(result: TestResult | undefined): string {
  if (result === undefined) return "did not run";
  return result.status === "passed" ? "passed" : "was skipped";
}

/** The part of vitest's JSON report that counts. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** Reads vitest's JSON report. A file that could not be loaded counts as one failed test. */
export function resultsOf(report: string): readonly TestResult[] {
  const { testResults } = JSON.parse(report) as Report;
  return testResults.flatMap(({ name, message, assertionResults }) => {
    if (assertionResults.length === 0) return [{ name, status: "failed", message }] as const;
    return assertionResults.map(({ ancestorTitles, title, status, failureMessages }) => ({
      name: [...ancestorTitles, title].join(" > "),
      status: status === "passed" || status === "failed" ? status : "skipped",
      message: failureMessages?.[0]?.split("\n")[0] ?? "",
    }));
  });
}
