import type { MastraModelConfig } from "@mastra/core/llm";

/** The first key that is set decides; without one, the model is a script. */
const REAL_MODELS: readonly (readonly [key: string, model: string])[] = [
  ["OPENAI_API_KEY", "openai/gpt-5-mini"],
  ["ANTHROPIC_API_KEY", "anthropic/claude-haiku-4-5"],
  ["GOOGLE_GENERATIVE_AI_API_KEY", "google/gemini-2.5-flash"],
];

export function model(): MastraModelConfig {
  return REAL_MODELS.find(([key]) => process.env[key])?.[1] ?? scriptedModel();
}

interface Call {
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly { readonly name: string }[];
}

/** Calls the first tool that the page offers, then tells what it gave; without tools it says hello, a word every 300 ms. */
function scriptedModel(): MastraModelConfig {
  const usage = { inputTokens: 10, outputTokens: 10, totalTokens: 20 };
  return {
    specificationVersion: "v2",
    provider: "scripted",
    modelId: "script",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("this model only streams")),
    doStream: async ({ prompt, tools = [] }: Call) => {
      const last = prompt.at(-1);
      const tool = last?.role === "tool" ? undefined : tools[0]?.name;
      const text = last?.role === "tool" ? `The browser said: ${JSON.stringify(last.content)}` : "Hello! This answer survives a lost connection and a restart.";
      return { stream: streamOf(tool === undefined ? saying(text) : calling(tool)) };
    },
  } as unknown as MastraModelConfig;

  async function* saying(text: string): AsyncGenerator {
    yield { type: "stream-start", warnings: [] };
    yield { type: "text-start", id: "0" };
    for (const delta of text.match(/\S+\s*/g) ?? []) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      yield { type: "text-delta", id: "0", delta };
    }
    yield { type: "text-end", id: "0" };
    yield { type: "finish", finishReason: "stop", usage };
  }

  async function* calling(toolName: string): AsyncGenerator {
    yield { type: "stream-start", warnings: [] };
    yield { type: "tool-call", toolCallId: crypto.randomUUID(), toolName, input: "{}" };
    yield { type: "finish", finishReason: "tool-calls", usage };
  }
}

function streamOf(parts: AsyncGenerator): ReadableStream {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}
