import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Memory } from "@mastra/memory";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src/core/agent-source.ts";
import { textOf } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { checkThread } from "../crash/checks.ts";
import { crashChild, type ChildReport } from "../crash/process.ts";
import { QUESTION } from "../crash/world.ts";
import { textIn } from "../engine/shop.ts";
import { HOST_ANSWER, HOST_MEMORY, HOST_PROFILE, HOST_TITLE } from "./host.ts";
import { openPlace, storageAt, STORAGES, type StoragePlace } from "./storage.ts";

const WHERE = { threadId: "thread-1", resourceId: "ann" };

/** Where the host's run is killed: two steps, of which the first writes to the working memory. */
const IN_THE_MIDDLE: readonly (readonly [Checkpoint, number])[] = [
  ["model-streaming", 2],
  ["tool-start-committed", 1],
  ["tool-executed", 1],
  ["tool-result-committed", 1],
  ["step-finished", 1],
];

/**
 * Where the clerk's second run, which replaces the answer of the first, is killed: before and after the thread was changed, and with
 * half an answer. Counted over both runs.
 */
const IN_A_REPEAT: readonly (readonly [Checkpoint, number])[] = [
  ["run-created", 2],
  ["user-message-saved", 2],
  ["model-finished", 5],
];

describe.concurrent.each(STORAGES)("a thread on %s", (kind) => {
  let place: StoragePlace;
  const directories: string[] = [];
  beforeAll(async () => {
    place = await openPlace(kind);
  });
  afterAll(async () => {
    await place.close();
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });

  interface Deployment {
    readonly url: string;
    /** Runs a process to its end, which must be a good one. */
    run(...flags: string[]): Promise<ChildReport>;
    /** Runs a process that is killed at the named point. */
    kill(name: Checkpoint, nth: number, ...flags: string[]): Promise<void>;
  }

  async function deploy(): Promise<Deployment> {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-kills-"));
    directories.push(directory);
    const url = await place.freshUrl();
    const common = ["--memory", "--memory-url", url, "--lease-ms", "400", "--pace-ms", "1"];
    return {
      url,
      async run(...flags) {
        const { code, report } = await crashChild(directory, [...common, ...flags]).exit;
        expect(code).toBe(0);
        return report;
      },
      async kill(name, nth, ...flags) {
        const { signal } = await crashChild(directory, [...common, "--start", "--kill-at", name, "--nth", String(nth), ...flags]).exit;
        expect(signal, "the process was killed at the named point").toBe("SIGKILL");
      },
    };
  }

  /** What another process finds in the memory: the question and the answer once, and the host's notes. */
  async function checkHost(url: string, { entries, thread = [], run }: ChildReport): Promise<void> {
    expect(run?.status).toBe("completed");
    expect(textOf(transcriptOf(entries))).toBe(HOST_ANSWER);
    const expected = [
      [QUESTION.id, "user"],
      [run?.messageId, "assistant"],
    ];
    expect(thread.map((message) => [message["id"], message["role"]])).toEqual(expected);
    expect(textIn(thread[1])).toBe(HOST_ANSWER);
    const storage = storageAt(url);
    const memory = new Memory({ storage, options: HOST_MEMORY });
    const { messages } = await memory.recall({ ...WHERE, perPage: false, orderBy: { field: "createdAt", direction: "ASC" } });
    expect(messages.map(({ id, role }) => [id, role])).toEqual(expected);
    expect(await memory.getWorkingMemory(WHERE)).toBe(HOST_PROFILE);
    expect((await memory.getThreadById({ threadId: WHERE.threadId }))?.title).toBe(HOST_TITLE);
    await storage.close();
  }

  test.each(IN_THE_MIDDLE)("has its title, and the working memory what was noted, when the process is killed at %s (%i)", async (name, nth) => {
    const { url, run, kill } = await deploy();
    await kill(name, nth, "--agent", "host");
    await checkHost(url, await run("--agent", "host", "--titled"));
  });

  test("gets its title from the next run when the process is killed behind the answer", async () => {
    const { url, run, kill } = await deploy();
    await kill("thread-settled", 1, "--agent", "host");
    expect((await run("--agent", "host")).run?.status).toBe("completed");
    await checkHost(url, await run("--agent", "host", "--start", "--titled"));
  });

  test.each(["submit", "regenerate"].flatMap((again) => IN_A_REPEAT.map(([name, nth]) => [again, name, nth] as const)))(
    "has the later answer alone when the process is killed in a second run (%s) at %s (%i)",
    async (again, name, nth) => {
      const { run, kill } = await deploy();
      await kill(name, nth, "--again", again);
      checkThread(await run());
    },
  );
});
