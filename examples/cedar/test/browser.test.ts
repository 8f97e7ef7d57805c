import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import chromium from "@sparticuz/chromium";
import { build } from "vite";
import { chromium as playwright, type Browser, type Page } from "playwright-core";
import { ServerProcess } from "./server-process.ts";

/** Where the page is photographed at each stage; nowhere unless given. */
const SHOTS = process.env["HARBOUR_SHOTS"];
/** A machine that is busy is slow. */
const PATIENCE_MS = 30_000;

let server: ServerProcess;
let browser: Browser;
let page: Page;
const problems: string[] = [];

before(async () => {
  server = await ServerProcess.start({ HARBOUR_PACE_MS: "25" });
  process.env["VITE_DEMO_SIGN_IN"] = "true";
  await build({ configFile: join(import.meta.dirname, "..", "page", "vite.config.ts"), build: { outDir: server.page }, logLevel: "warn" });
  // CHROME_PATH: for systems that the package has no Chromium for.
  const executablePath = process.env["CHROME_PATH"] ?? (await chromium.executablePath());
  browser = await playwright.launch({ executablePath, args: process.env["CHROME_PATH"] ? [] : [...chromium.args, "--no-sandbox"], headless: true });
  page = await browser.newPage({ viewport: { width: 900, height: 640 } });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => problems.push(error.message));
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function ask(text: string): Promise<void> {
  await page.locator(".editor [contenteditable]").click();
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

const said = (text: string) => page.locator(".text.assistant, .text.bot", { hasText: text });
const isIdle = (): Promise<void> => page.getByRole("button", { name: "Send" }).waitFor();
const berth = (number: number): Promise<string | null> => page.locator(`[data-berth="${number}"]`).textContent();

async function shoot(name: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

test("a page asks, is changed, and shows a question that outlives the server's process and a reload", async (context) => {
  await context.test("signs in, and the tool of the agent knows who by the token", async () => {
    await page.goto(server.url);
    await shoot("1-sign-in");
    await page.getByRole("button", { name: "Sign in as ann" }).click();
    await ask("Who am I?");
    await said("Your token says that you are ann.").waitFor();
    await isIdle();
    await shoot("2-who-am-i");
  });

  await context.test("changes the page's state where nobody has to agree", async () => {
    await ask("Put the Aurora at berth 2");
    await page.locator('[data-berth="2"]', { hasText: "Aurora" }).waitFor();
    await isIdle();
    await shoot("3-changed");
  });

  await context.test("goes on in the same answer when the server is killed in the middle of it", async () => {
    await ask("Tell me a long story");
    await said("On night 3").waitFor();
    await shoot("4-streaming");
    await server.kill();
    await server.restart();
    await said("And no night was missing.").waitFor();
    await isIdle();
    await shoot("5-after-the-kill");
  });

  await context.test("asks, and the answer counts after a kill and a reload", async () => {
    await ask("Free berth 1");
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await isIdle();
    await shoot("6-question");
    await server.kill();
    await server.restart();
    await page.reload();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await said("Your token says that you are ann.").waitFor();
    await shoot("7-reloaded");
    assert.equal(await berth(1), "Borealis");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator('[data-berth="1"]', { hasText: "free" }).waitFor();
    await said("Done.").waitFor();
    await isIdle();
    await shoot("8-approved");
  });

  await context.test("leaves the page as it is where the user declines", async () => {
    await ask("Free berth 3");
    await page.getByLabel("Reason").fill("She unloads.");
    await page.getByRole("button", { name: "Decline" }).click();
    await said("I left it as it is: She unloads.").waitFor();
    await isIdle();
    assert.equal(await berth(3), "Cassiopeia");
    await shoot("9-declined");
  });

  await context.test("shows the rest of an answer that is under way when it is reloaded", async () => {
    await ask("Another long story");
    // The first one is in the story before.
    await said("On night 2").nth(1).waitFor();
    await page.reload();
    await said("And no night was missing.").nth(1).waitFor();
    await isIdle();
    await shoot("10-reloaded-in-the-middle");
    assert.equal(await said("On night 4").count(), 2);
  });

  await context.test("is answered by an agent alone, in the same conversation", async () => {
    await page.getByLabel("Answered by").selectOption("assistant");
    await ask("Put the Dione at berth 1");
    await page.locator('[data-berth="1"]', { hasText: "Dione" }).waitFor();
    await said("I do that.").waitFor();
    await isIdle();
    await page.reload();
    await said("I do that.").waitFor();
    assert.equal(await berth(1), "Dione");
    await shoot("11-agent");
  });

  await context.test("stops an answer, and gives a run up that waits", async () => {
    await page.getByRole("button", { name: "New chat" }).click();
    await ask("A long story, of 500 nights");
    await said("On night 2").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor();
    await isIdle();
    assert.equal(await said("And no night was missing.").count(), 0);
    await ask("Free berth 2");
    await page.getByRole("button", { name: "Give up" }).click();
    await page.locator(".question", { hasText: "given up" }).waitFor();
    await page.reload();
    await said("On night 2").waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
    assert.equal(await berth(2), "Aurora");
    await shoot("12-stopped");
  });

  await context.test("shows another user nothing of it", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in as ben" }).click();
    await ask("Who am I?");
    await said("Your token says that you are ben.").waitFor();
    await isIdle();
    assert.equal(await berth(2), "free");
    assert.deepEqual(await page.getByLabel("Thread").locator("option").allTextContents(), ["Who am I?"]);
    await shoot("13-another-user");
  });

  assert.deepEqual(problems, []);
});
