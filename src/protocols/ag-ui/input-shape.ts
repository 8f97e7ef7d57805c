type Fields = Readonly<Record<string, unknown>>;

/** Members for which some clients write `null` where they have nothing to say. */
const NULLABLE = ["state", "tools", "context", "forwardedProps"];

/** A body as the schema of AG-UI 1.0 knows it: what clients before 1.0 write otherwise is translated, and the rest left to the schema. */
export function shapeOf(body: Fields): Fields {
  const { messages, resume } = body;
  const members = Object.entries(body).filter(([name, value]) => value !== null || !NULLABLE.includes(name));
  return {
    ...Object.fromEntries(members),
    ...(Array.isArray(messages) && { messages: messages.map(messageOf) }),
    ...(Array.isArray(resume) && { resume: resume.map(entryOf) }),
  };
}

/** `null` is a payload as good as any, but not to the schema; an answer without one stands for it. */
function entryOf(entry: unknown): unknown {
  return isFields(entry) && entry["payload"] === null ? { ...entry, payload: undefined } : entry;
}

function messageOf(message: unknown): unknown {
  if (!isFields(message) || !Array.isArray(message["content"])) return message;
  return { ...message, content: message["content"].map(partOf) };
}

/** Clients before 1.0 have one kind of part for all files; the bytes go before the address, and the address before the handle, as clients of 1.0 translate it. */
function partOf(part: unknown): unknown {
  if (!isFields(part) || part["type"] !== "binary" || typeof part["mimeType"] !== "string") return part;
  const { mimeType, data, url, id, filename } = part;
  const source = [
    { type: "data", value: data, mimeType },
    { type: "url", value: url, mimeType },
    { type: "file", value: id, mimeType },
  ].find(({ value }) => typeof value === "string" && value !== "");
  if (source === undefined) return part;
  const [, kind = "document"] = /^(image|audio|video)\//.exec(mimeType) ?? [];
  return { type: kind, source, ...(typeof filename === "string" && filename !== "" && { metadata: { filename } }) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
