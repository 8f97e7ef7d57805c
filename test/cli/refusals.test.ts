import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { holdfast, newFolder, project, type Cli, type Ended } from "./holdfast.ts";
import { PLAIN_MODULE } from "./modules.ts";

/** Waits for a process that must not start: nothing on stdout, one line on stderr. */
async function refusal(cli: Cli): Promise<Ended> {
  const ended = await cli.ended;
  expect(ended.stdout).toBe("");
  expect(ended.stderr).toMatch(/^holdfast: [^\n]+\n$/);
  return ended;
}

const ANY_PORT = ["serve", "--port", "0"];

describe("holdfast serve does not start, and says why in one line,", () => {
  test("when its port is taken", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as AddressInfo;
    expect(await refusal(holdfast(["serve", "--store", "memory", "--port", String(port)]))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Port ${port} on 127.0.0.1 is taken`) as string,
    });
    squatter.close();
  });

  test("when its store was written by a newer version", async () => {
    const path = join(newFolder(), "newer.db");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 9999");
    database.close();
    const ended = await refusal(holdfast([...ANY_PORT, "--store", `sqlite:${path}`]));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("schema version 9999") as string });
  });

  test("when its store is locked", async () => {
    const path = join(newFolder(), "locked.db");
    const database = new DatabaseSync(path);
    database.exec("BEGIN EXCLUSIVE");
    const ended = await refusal(holdfast([...ANY_PORT, "--store", `sqlite:${path}`]));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`Cannot open the store sqlite:${path}`) as string });
    database.close();
  });

  test("when its store is no database", async () => {
    const path = join(project({ "notes.txt": "these are notes ".repeat(100) }), "notes.txt");
    const ended = await refusal(holdfast([...ANY_PORT, "--store", path]));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("not a SQLite database") as string });
  });

  test.each([
    ["exports no mastra", { "m.mjs": "export const app = 1;" }, "does not export mastra"],
    ["exports a mastra that is none", { "m.mjs": "export const mastra = { agents: {} };" }, "not an instance of Mastra"],
    ["throws", { "m.mjs": `throw new Error("no key\\nis set");` }, "m.mjs cannot be loaded: no key"],
    ["does not parse", { "m.mjs": "export const = 5;" }, "m.mjs cannot be loaded"],
    ["imports what is not there", { "m.mjs": `import "not-installed";${PLAIN_MODULE}` }, "not-installed"],
    ["is not there", {}, "There is no module at"],
  ])("when its module %s", async (_, files, reason) => {
    const folder = project(files);
    const ended = await refusal(holdfast([...ANY_PORT, "--store", "memory", "--mastra", "m.mjs"], { cwd: folder }));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(reason) as string });
  });

  test("when the default agent is not among its agents", async () => {
    const ended = await refusal(holdfast([...ANY_PORT, "--store", "memory", "--agent", "butler"]));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('no agent "butler"; --agent takes assistant') as string });
  });

  test("when the demo's packages are not installed", async () => {
    const hide = `
      import { registerHooks } from "node:module";
      registerHooks({
        resolve(specifier, context, next) {
          if (specifier !== "@mastra/memory") return next(specifier, context);
          throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
        },
      });`;
    const nodeFlags = ["--import", `data:text/javascript,${encodeURIComponent(hide)}`];
    const ended = await refusal(holdfast(ANY_PORT, { nodeFlags }));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("npm install @mastra/memory @mastra/libsql") as string });
  });

  test.each([
    ["without authentication on an outer address", ["--host", "0.0.0.0"], "pass --auth jwt"],
    ["with --auth none on an outer address", ["--host", "0.0.0.0", "--auth", "none"], "loopback only"],
    ["with --auth jwt and no secret", ["--auth", "jwt"], "HOLDFAST_JWT_SECRET"],
    ["with an unknown flag", ["--verbose"], "--verbose"],
    ["with a flag that lacks its value", ["--store"], "--store"],
    ["with an argument too many", ["agent.ts"], '"agent.ts"'],
    ["with a port that is none", ["--port", "http"], "http"],
  ])("%s", async (_, flags, reason) => {
    const ended = await refusal(holdfast(["serve", ...flags]));
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(reason) as string });
  });
});

describe("holdfast", () => {
  test("refuses a command that it does not have", async () => {
    expect(await refusal(holdfast(["launch"]))).toMatchObject({ code: 2, stderr: expect.stringContaining('"launch"') as string });
  });

  test.each([["--help"], ["help"], []])("explains itself with %s", async (...argv) => {
    const ended = await holdfast(argv).ended;
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["serve", "runs", "tail"]) expect(ended.stdout).toContain(`  ${command} `);
  });

  test.each(["serve", "runs", "tail"])("explains %s", async (command) => {
    const ended = await holdfast([command, "--help"]).ended;
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(`Usage: holdfast ${command}`) as string });
  });

  test("tells its version", async () => {
    expect(await holdfast(["--version"]).ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  });

  test.each([
    [["runs"], 1, "There is no store at"],
    [["tail", "run-1"], 1, "There is no store at"],
    [["runs", "--store", "memory"], 1, "lives inside its server"],
    [["runs", "--status", "asleep"], 2, '"asleep"'],
    [["runs", "--limit", "0"], 2, '"0"'],
    [["tail"], 2, "takes one run id"],
    [["tail", "a", "b"], 2, "takes one run id"],
  ])("%o is refused", async (argv, code, reason) => {
    expect(await refusal(holdfast(argv))).toMatchObject({ code, stderr: expect.stringContaining(reason) as string });
  });
});
