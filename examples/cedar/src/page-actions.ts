import { createTool } from "@mastra/core/tools";
import { z } from "zod";

/** Something to be done to the page: a setter of one of its states, with the one argument that it takes. */
export const actionSchema = z.object({ stateKey: z.string(), setterKey: z.string(), args: z.unknown().optional() });

export type PageAction = z.infer<typeof actionSchema>;

/** What Cedar tells of a page: its setters and schemas, and, under names of its own, what it shows. */
export type PageContext = Readonly<Record<string, unknown>>;

const setterSchema = z.object({ stateKey: z.string(), description: z.string().optional(), argsSchema: z.unknown().optional() });

interface PageSetter extends z.infer<typeof setterSchema> {
  readonly setterKey: string;
}

export function settersOf({ stateSetters }: PageContext): readonly PageSetter[] {
  if (typeof stateSetters !== "object" || stateSetters === null) return [];
  return Object.entries(stateSetters).flatMap(([setterKey, setter]) => {
    const { data } = setterSchema.safeParse(setter);
    return data === undefined ? [] : [{ setterKey, ...data }];
  });
}

/** What the model is told of the page: what it shows. What it can do is told by the tool. */
export function noteOf({ stateSetters: _setters, setters: _old, schemas: _schemas, frontendTools: _tools, ...shown }: PageContext): string | undefined {
  return Object.keys(shown).length === 0 ? undefined : `The user looks at a page. What it shows, as JSON: ${JSON.stringify(shown)}`;
}

/**
 * A tool with which an agent asks for changes of the page; none where the page has no setters. It changes nothing itself: what was asked for is
 * collected, for the workflow to decide on.
 */
export function changePage(context: PageContext, collect: (action: PageAction) => void) {
  const setters = settersOf(context);
  if (setters.length === 0) return {};
  const tool = createTool({
    id: "change-page",
    description: `Changes the page that the user looks at. It has these setters, as JSON: ${JSON.stringify(setters)}`,
    inputSchema: actionSchema,
    execute: async ({ stateKey, setterKey, args }) => {
      const isKnown = setters.some((setter) => setter.stateKey === stateKey && setter.setterKey === setterKey);
      if (!isKnown) return { isAccepted: false, message: "The page has no such setter." };
      collect({ stateKey, setterKey, ...(args !== undefined && { args }) });
      return { isAccepted: true, message: "It will be done, once the user agrees where that is needed." };
    },
  });
  return { page: { [tool.id]: tool } };
}
