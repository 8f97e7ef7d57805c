import { actingModel } from "../src/acting-model.ts";
import { scriptedModel, type ScriptOptions } from "../src/model.ts";

type Model = ReturnType<typeof scriptedModel>;
type DoStream = (call: unknown) => Promise<unknown>;

/** The scripted model, which waits for something to happen before it answers. */
export function modelAfter(event: () => Promise<unknown>, options: ScriptOptions = {}): Model {
  const model = scriptedModel(options) as unknown as { readonly doStream: DoStream };
  const doStream: DoStream = async (call) => {
    await event();
    return model.doStream(call);
  };
  return { ...model, doStream } as unknown as Model;
}

/** The scripted model, which tells what it was asked wherever a provider may tell it. */
export function echoing(): Model {
  const model = scriptedModel() as unknown as { readonly doStream: (call: { readonly prompt: unknown }) => Promise<{ readonly stream: ReadableStream<object> }> };
  const doStream: DoStream = async (call) => {
    const asked = call as { readonly prompt: unknown };
    const body = JSON.stringify(asked.prompt);
    const { stream } = await model.doStream(asked);
    const echo = new TransformStream<object & { readonly type?: string }, object>({
      transform: (part, controller) => controller.enqueue(part.type === "finish" || part.type === "stream-start" ? { ...part, warnings: [{ type: "other", message: body }], providerMetadata: { scripted: { body } } } : part),
    });
    return { stream: stream.pipeThrough(echo), request: { body }, response: { headers: { "x-request": body }, body } };
  };
  return { ...model, doStream } as unknown as Model;
}

/** A model that says the same to everything, and calls no tool. */
export function talkative(text: string): Model {
  return actingModel({ modelId: "talkative", act: () => ({ text }), tokensOf: () => 1 });
}

/** A model that streams these parts, whatever it is asked. */
export function streaming(parts: readonly object[]): Model {
  const doStream: DoStream = async () => ({
    stream: new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(part);
        controller.close();
      },
    }),
  });
  return { ...(scriptedModel() as object), doStream } as unknown as Model;
}
