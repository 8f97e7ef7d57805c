import { expect, it } from "vitest";
import { sendParts } from "./send-parts.ts";
import type { SendResult } from "./sink.ts";

const ACCEPTED: SendResult = { outcome: "accepted" };
const BUSY: SendResult = { outcome: "refused", reason: "busy", isFinal: false };
const LATE: SendResult = { outcome: "unknown", reason: "late" };
const WRONG: SendResult = { outcome: "refused", reason: "wrong", isFinal: true };

async function sent(...results: readonly SendResult[]): Promise<{ readonly result: SendResult; readonly tried: number }> {
  let tried = 0;
  const part = (result: SendResult) => async (): Promise<SendResult> => {
    tried += 1;
    return result;
  };
  return { result: await sendParts(results.map(part)), tried };
}

it("a delivery is accepted once all its parts are", async () => {
  expect(await sent(ACCEPTED, ACCEPTED)).toEqual({ result: ACCEPTED, tried: 2 });
  expect(await sent()).toEqual({ result: ACCEPTED, tried: 0 });
});

it("nothing is sent behind a part that was not accepted", async () => {
  expect(await sent(BUSY, ACCEPTED)).toEqual({ result: BUSY, tried: 1 });
  expect(await sent(LATE, ACCEPTED)).toEqual({ result: LATE, tried: 1 });
});

it("a part that is refused behind an accepted one leaves the whole unknown", async () => {
  expect(await sent(ACCEPTED, BUSY, ACCEPTED)).toEqual({ result: { outcome: "unknown", reason: "1 of 3 parts were accepted. busy" }, tried: 2 });
});

it("a part that is refused for good ends the whole, and the reason says what was accepted", async () => {
  expect((await sent(ACCEPTED, ACCEPTED, WRONG)).result).toEqual({ outcome: "refused", reason: "2 of 3 parts were accepted. wrong", isFinal: true });
});
