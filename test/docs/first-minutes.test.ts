import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fencesOf } from "./fences.ts";

const root = join(import.meta.dirname, "..", "..");
const commands = fencesOf(root, "README.md").filter((fence) => fence.isRun);
const README_URL = /http:\/\/127\.0\.0\.1:4200/g;

describe("the first ten minutes of the README", () => {
  let folder = "";
  let server: ChildProcess | undefined;
  let url = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-readme-"));
    // Without the caller's environment: a provider key there would put a real model in place of the scripted one.
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
    const flags = ["serve", "--port", "0", "--store", `sqlite:${join(folder, "holdfast.db")}`];
    server = spawn(process.execPath, [join(root, "src/cli/main.ts"), ...flags], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    url = await readyUrl(server);
  });

  afterAll(async () => {
    if (server && server.exitCode === null) {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it("a run that was cut goes on, and the resumed stream brings what was missing, to the end", () => {
    expect(commands).toHaveLength(2);
    const script = commands.map((fence) => fence.code.replaceAll(README_URL, url)).join("\necho === resumed\n");
    const output = execFileSync("bash", ["-uc", `${script}\necho === whole\ncurl -sN "${url}/api/chat/$run/stream?startIndex=0"`], {
      cwd: folder,
      encoding: "utf8",
    });
    const [first = [], resumed = [], whole = []] = output.split(/^=== \w+$/m).map(chunksOf);

    expect(readFileSync(join(folder, "headers.txt"), "utf8")).toMatch(/^x-workflow-run-id: run_/im);
    expect(first.length).toBeGreaterThan(1);
    expect(first.some((chunk) => chunk.type === "finish")).toBe(false);
    expect(resumed.at(-1)?.type).toBe("finish");
    expect([...first, ...resumed]).toEqual(whole);
  });
});

/** The URL in the line that `serve` prints when it is ready. */
async function readyUrl(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("the server's output is not read");
  for await (const line of createInterface({ input: server.stdout })) {
    const found = /https?:\/\/\S+/.exec(line)?.[0];
    if (found !== undefined) return found;
  }
  throw new Error("the server ended before it was ready");
}

function chunksOf(output: string): readonly { readonly type: string }[] {
  return [...output.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? "") as { type: string });
}
