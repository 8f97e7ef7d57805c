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
