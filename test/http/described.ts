import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

type Value = string | number | boolean | null | undefined | readonly Value[] | Schema;
interface Schema {
  readonly [key: string]: Value;
}

/** An operation of an OpenAPI document. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly isPublic: boolean;
}

/** Headers that mean something to clients of one protocol. */
const OWN_HEADERS = /^(x-(holdfast|workflow|vercel)-|stream-|etag$)/;

const METHODS = ["get", "head", "post", "put", "patch", "delete"];

/** Compares what a server does with its OpenAPI document. */
export class Described {
  readonly #document: Schema;
  readonly #ajv: Ajv2020 = new Ajv2020({ strict: false, validateSchema: false, formats: { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });

  constructor(document: object) {
    this.#document = document as Schema;
    // What a response has and the document does not say is a fault of the document; of a request it is what the schema says of it.
    this.#ajv.addSchema(closed(this.#document) as object, "responses");
    this.#ajv.addSchema(this.#document, "requests");
  }

  get operations(): readonly Operation[] {
    return Object.entries(this.#document["paths"] as Schema).flatMap(([path, item]) =>
      METHODS.filter((method) => method in (item as Schema)).map((method) => ({
        method: method.toUpperCase(),
        path,
        isPublic: JSON.stringify(at(item, method, "security")) === "[]",
      })),
    );
  }

  /** What a response has that the document does not say, or the other way round; empty where they agree. Reads the body. */
  async faults(method: string, path: string, response: Response): Promise<readonly string[]> {
    const said = at(this.#document, "paths", path, method.toLowerCase(), "responses", String(response.status)) as Schema | undefined;
    if (said === undefined) return [`${response.status} is not described`];
    const described = Object.keys((said["headers"] as Schema | undefined) ?? {}).map((name) => name.toLowerCase());
    const headers = [...response.headers.keys()].filter((name) => OWN_HEADERS.test(name) && !described.includes(name));
    if (headers.length > 0) return headers.map((name) => `the header ${name} is not described`);
    const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
    const content = said["content"] as Schema | undefined;
    const text = type === "text/event-stream" && response.status === 200 ? await cancelled(response) : await response.text();
    if (content === undefined) return text === "" ? [] : ["a body is not described"];
    if (!(type in content)) return [`${type} is not described`];
    if (!type.endsWith("json")) return [];
    return this.#check("responses", ["paths", path, method.toLowerCase(), "responses", String(response.status), "content", type, "schema"], JSON.parse(text));
  }

  /** Whether a body is what the document says that the operation takes. */
  takes(method: string, path: string, body: unknown): boolean {
    return this.#check("requests", ["paths", path, method.toLowerCase(), "requestBody", "content", "application/json", "schema"], body).length === 0;
  }

  #check(document: string, place: readonly string[], value: unknown): readonly string[] {
    const pointer = place.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    const validate: ValidateFunction = this.#ajv.compile({ $ref: `${document}#/${pointer}` });
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
  }
}

async function cancelled(response: Response): Promise<string> {
  await response.body?.cancel();
  return "";
}

function at(value: Value, ...steps: readonly string[]): Value {
  return steps.reduce<Value>((inner, step) => (typeof inner === "object" && inner !== null ? (inner as Schema)[step] : undefined), value);
}

/** Objects that list their fields have no others. */
function closed(value: Value): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(closed);
  if (typeof value !== "object" || value === null) return value;
  const schema = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  return schema["type"] === "object" && "properties" in schema && !("additionalProperties" in schema) ? { ...schema, additionalProperties: false } : schema;
}
