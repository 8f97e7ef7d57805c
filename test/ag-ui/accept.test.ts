import { describe, expect, it } from "vitest";
import { mediaFor, PROTOBUF_TYPE } from "../../src/protocols/ag-ui/frame.ts";

describe("the media that a client of 1.0 is answered in", () => {
  it.each([
    ["is text without a wish", undefined, "sse"],
    ["is text for an empty wish", "", "sse"],
    ["is text where nothing else is named", "text/event-stream, application/json", "sse"],
    ["is binary by its name", PROTOBUF_TYPE, "protobuf"],
    ["is binary by its name in any case, with parameters", `text/event-stream, ${PROTOBUF_TYPE.toUpperCase()};v=1;Q=0.1`, "protobuf"],
    ["is binary for all of an application", "application/*", "protobuf"],
    ["is binary for anything", "text/event-stream, */*;q=0.001", "protobuf"],
    ["is text where binary is excluded", `${PROTOBUF_TYPE};q=0, text/event-stream`, "sse"],
    ["is text where binary is excluded from anything", `${PROTOBUF_TYPE};q=0, */*`, "sse"],
    ["is text where binary is excluded from anything, in the other order", `*/*, ${PROTOBUF_TYPE}; q=0.000`, "sse"],
    ["is text where binary is excluded from all of an application", `application/*, ${PROTOBUF_TYPE};q=0`, "sse"],
    ["is text where all of an application is excluded from anything", "application/*;q=0, */*", "sse"],
    ["is text where anything is excluded", "*/*;q=0, text/event-stream", "sse"],
    ["is binary where only it is left of an application", `application/*;q=0, ${PROTOBUF_TYPE}`, "protobuf"],
    ["is binary where only it is left of anything", `*/*;q=0, ${PROTOBUF_TYPE};q=0.5`, "protobuf"],
    ["is binary where an application is left of anything", "*/*;q=0, application/*", "protobuf"],
  ])("%s: %s", (_, accept, media) => {
    expect(mediaFor(accept, "1.0")).toBe(media);
  });

  it("is text before 1.0", () => {
    expect(mediaFor(PROTOBUF_TYPE, "0.0.59")).toBe("sse");
  });
});
