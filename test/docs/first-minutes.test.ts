import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fencesOf } from "./fences.ts";

const root = join(import.meta.dirname, "..", "..");
const commands = fencesOf(root, "README.md").filter((fence) => fence.isRun);
const [start, resume, ask, approve] = commands.map((fence) => fence.code);

interface Chunk {
  readonly type: string;
}

/** The demo as `npm start` serves it, with its files in a folder of its own. */
class Demo {
  readonly #process: ChildProcess;
  readonly url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start(folder: string): Promise<Demo> {
    // Without the caller's environment: a provider key there would put a real model in place of the scripted one.
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
    const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "serve", "--port", "0"], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /https?:\/\/\S+/.exec(line)?.[0];
      if (url !== undefined) return new Demo(child, url);
    }
    throw new Error("the server ended before it was ready");
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}

// The scripted story alone takes 17 s.
const LIMIT = { timeout: 240_000 };

describe("the first ten minutes of the README", LIMIT, () => {
  const demos: Demo[] = [];
  let folder = "";

  const startDemo = async (): Promise<Demo> => {
    const demo = await Demo.start(folder);
    demos.push(demo);
    return demo;
  };

  const runShell = async (demo: Demo, code: string): Promise<string> => {
    return (await promisify(execFile)("bash", ["-c", code.replaceAll("http://127.0.0.1:4200", demo.url)], { cwd: folder })).stdout;
  };

  const shell = async (demo: Demo, code: string): Promise<readonly Chunk[]> => {
    return [...(await runShell(demo, code)).matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? "") as Chunk);
  };

  const whole = async (demo: Demo): Promise<readonly Chunk[]> => {
    const runId = /^x-workflow-run-id: (\S+)/im.exec(readFileSync(join(folder, "headers.txt"), "utf8"))?.[1] ?? "";
    return shell(demo, `curl -sN "${demo.url}/api/chat/${runId}/stream?startIndex=0"`);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-readme-"));
  });

  afterEach(async () => {
    await Promise.all(demos.splice(0).map((demo) => demo.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  it("are four commands that can be run", () => {
    expect(commands).toHaveLength(4);
  });

  it("a payment waits for its approval although the server is killed, and is made once", async () => {
    const killed = await startDemo();
    const asked = await shell(killed, ask ?? "");
    expect(asked.map((chunk) => chunk.type)).toContain("tool-approval-request");
    await killed.kill();
    const restarted = await startDemo();
    const first = await runShell(restarted, approve ?? "");
    const second = await runShell(restarted, approve ?? "");
    const { runId } = JSON.parse(first) as { readonly runId: string };
    expect(JSON.parse(second)).toEqual(JSON.parse(first));
    const chunks = await shell(restarted, `curl -sN "${restarted.url}/api/chat/${runId}/stream?startIndex=0"`);
    expect(chunks.filter((chunk) => chunk.type === "tool-output-available")).toMatchObject([{ output: { euros: 20 } }]);
    expect(chunks.at(-1)?.type).toBe("finish");
  });

  it("a run that was cut goes on, and the resumed stream brings what was missing, to the end", async () => {
    const demo = await startDemo();
    const first = await shell(demo, start ?? "");
    const resumed = await shell(demo, resume ?? "");
    expect(first.length).toBeGreaterThan(1);
    expect(first.map((chunk) => chunk.type)).not.toContain("finish");
    expect(resumed.at(-1)?.type).toBe("finish");
    expect([...first, ...resumed]).toEqual(await whole(demo));
  });

  it("the same holds when the server was killed and started again in between", async () => {
    const killed = await startDemo();
    const first = await shell(killed, start ?? "");
    await killed.kill();
    const restarted = await startDemo();
    const resumed = await shell(restarted, resume ?? "");
    expect(first.length).toBeGreaterThan(1);
    expect(resumed.at(-1)?.type).toBe("finish");
    expect([...first, ...resumed]).toEqual(await whole(restarted));
  });
});
