/** What the script looks at of a prompt. */
export interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string; readonly output?: unknown }[];
}

/** What it does next. */
export type Act = { readonly text: string } | { readonly toolName: string; readonly input: object };

const ASSIGN = /\b(?:put|moor|assign)\s+(?:the\s+)?(.+?)\s+(?:at|on|to|in)\s+berth\s+(\d+)/i;
const FREE = /\b(?:free|clear|empty)\s+berth\s+(\d+)/i;
const NIGHTS = 12;

/** The next act of a model that needs no key. `toolNames`: what it may call. */
export function nextAct(prompt: readonly Message[], toolNames: readonly string[]): Act {
  const asked = prompt.findLastIndex(({ role }) => role === "user");
  const question = textOf(prompt[asked]).trim();
  const results = prompt.slice(asked + 1).flatMap(({ role, content }) => (role === "tool" && typeof content !== "string" ? content : []));
  if (results.length > 0) return { text: afterTool(question, JSON.stringify(results.map(({ output }) => output))) };
  if (/who am i/i.test(question)) return { toolName: "who-am-i", input: {} };
  const action = actionIn(question);
  if (action === undefined) return { text: wordsTo(question) };
  if (toolNames.includes("change-page")) return { toolName: "change-page", input: action };
  // Without the workflow the page asks for an object.
  const isAsked = prompt.some((message) => message.role === "system" && textOf(message).includes('"actions"'));
  return { text: isAsked ? JSON.stringify({ content: "I do that.", actions: [{ type: "setState", ...action }] }) : "I see no page that I could change." };
}

function actionIn(question: string): { readonly stateKey: string; readonly setterKey: string; readonly args: object } | undefined {
  const [, ship, at] = ASSIGN.exec(question) ?? [];
  if (ship !== undefined) return { stateKey: "berths", setterKey: "assign", args: { berth: Number(at), ship } };
  const [, freed] = FREE.exec(question) ?? [];
  return freed === undefined ? undefined : { stateKey: "berths", setterKey: "free", args: { berth: Number(freed) } };
}

function afterTool(question: string, results: string): string {
  const [, sub] = /\\?"sub\\?":\\?"([^"\\]+)/.exec(results) ?? [];
  if (sub !== undefined) return `Your token says that you are ${sub}.`;
  return FREE.test(question) ? "That takes a ship off the plan, so somebody has to agree." : "It is on the plan.";
}

function wordsTo(question: string): string {
  if (!/\b(?:story|tale|long)\b/i.test(question)) return `You said: "${question}". Ask me to put the Aurora at berth 2, to free berth 1, for a story, or who you are.`;
  const length = Number(/\b(\d{1,3}) nights\b/.exec(question)?.[1] ?? NIGHTS);
  const nights = Array.from({ length }, (_, index) => `On night ${index + 1} the keeper logged ${((index + 1) * 3) % 11} ships.`);
  return ["There was a lighthouse whose keeper wrote every ship into a log before he waved to it.", ...nights, "And no night was missing."].join(" ");
}

function textOf(message: Message | undefined): string {
  if (message === undefined) return "";
  return typeof message.content === "string" ? message.content : message.content.map(({ text = "" }) => text).join(" ");
}
