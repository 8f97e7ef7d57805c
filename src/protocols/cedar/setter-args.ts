import type { Json } from "../../core/json.ts";
import { isObject, textIn } from "./values.ts";

/** A setter that the page registered, as it told of it. */
export interface Setter {
  readonly setterKey: string;
  readonly stateKey: string;
  /** JSON Schema of its one argument. */
  readonly argsSchema?: Json;
}

/** The setters of a page's `additionalContext`. */
export function settersIn(additionalContext: Json | undefined): readonly Setter[] {
  const told = isObject(additionalContext) ? additionalContext["stateSetters"] : undefined;
  if (!isObject(told)) return [];
  return Object.entries(told).flatMap(([setterKey, setter]): readonly Setter[] => {
    const stateKey = isObject(setter) ? textIn(setter["stateKey"]) : undefined;
    if (!isObject(setter) || stateKey === undefined) return [];
    const { argsSchema } = setter;
    return [{ setterKey, stateKey, ...(argsSchema !== undefined && { argsSchema }) }];
  });
}

/**
 * The argument of a `setState` for the arguments of an `action`, which are a list: a setter takes one value, in the shape that its schema
 * asks for. What does not fit is handed on as it is; names are not guessed.
 */
export function setterArgs(args: Json | undefined, setter: Setter | undefined): Json | undefined {
  if (!Array.isArray(args)) return args;
  const list = args as readonly Json[];
  const [first] = list;
  const schema = resolved(setter?.argsSchema);
  if (!isObject(schema)) return list;
  const isOne = list.length === 1;
  const isKeyless = Object.keys(schema).every((key) => key === "$schema" || key === "definitions");
  if (isKeyless) return isOne && isObject(first) ? first : list;
  if (schema["type"] === "object" || (schema["type"] === undefined && isObject(schema["properties"]))) {
    if (list.length === 0) return {};
    return isOne && isObject(first) ? first : list;
  }
  const isScalar = ["string", "number", "integer", "boolean"].includes(textIn(schema["type"]) ?? "");
  return isScalar && isOne ? first : list;
}

/** The page wraps a schema: `{ $ref: "#/definitions/name", definitions: { name } }`. */
function resolved(schema: Json | undefined): Json | undefined {
  const ref = isObject(schema) ? textIn(schema["$ref"]) : undefined;
  if (!isObject(schema) || ref === undefined) return schema;
  const [, section = "", name = ""] = /^#\/(definitions|\$defs)\/(.+)$/.exec(ref) ?? [];
  const definitions = schema[section];
  return isObject(definitions) ? definitions[name] : undefined;
}
