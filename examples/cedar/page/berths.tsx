import { useCedarStore, useRegisterState, useSubscribeStateToAgentContext } from "cedar-os";
import { useEffect, useState } from "react";
// Cedar describes the arguments of a setter to the agent with a converter that reads zod 3 only.
import { z } from "zod/v3";

interface Berth {
  readonly berth: number;
  readonly ship: string;
}

const KEY = "berths";
const AT_FIRST: readonly Berth[] = [
  { berth: 1, ship: "Borealis" },
  { berth: 2, ship: "" },
  { berth: 3, ship: "Cassiopeia" },
];

const assignArgs = z.object({ berth: z.number(), ship: z.string() });
const freeArgs = z.object({ berth: z.number() });

type SetBerths = (berths: Berth[]) => void;

const SETTERS = {
  assign: {
    name: "assign",
    description: "Puts a ship at a berth",
    argsSchema: assignArgs,
    execute: (berths: Berth[], setValue: SetBerths, { berth, ship }: z.infer<typeof assignArgs>) => setValue(berths.map((one) => (one.berth === berth ? { berth, ship } : one))),
  },
  free: {
    name: "free",
    description: "Takes the ship off a berth",
    argsSchema: freeArgs,
    execute: (berths: Berth[], setValue: SetBerths, { berth }: z.infer<typeof freeArgs>) => setValue(berths.map((one) => (one.berth === berth ? { berth, ship: "" } : one))),
  },
};

/** A state of the page's own: the page keeps it, the agent asks for changes of it. */
export function Berths({ owner }: { readonly owner: string }) {
  const stored = `${KEY}:${owner}`;
  const [berths, setBerths] = useState(() => JSON.parse(localStorage.getItem(stored) ?? JSON.stringify(AT_FIRST)) as Berth[]);
  useEffect(() => localStorage.setItem(stored, JSON.stringify(berths)), [stored, berths]);
  // As never: to TypeScript, Cedar's schemas are of the zod that is installed, which is zod 4.
  useRegisterState<Berth[]>({ key: KEY, value: berths, setValue: setBerths, description: "Which ship is at which berth", stateSetters: SETTERS as never });
  const isRegistered = useCedarStore((store) => KEY in store.registeredStates);
  return (
    <section className="berths">
      <h2>Berths</h2>
      <table>
        <tbody>
          {berths.map(({ berth, ship }) => (
            <tr key={berth}>
              <th>{berth}</th>
              <td data-berth={berth}>{ship || "free"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {isRegistered && <Told />}
    </section>
  );
}

const told = (berths: Berth[]): Record<string, unknown> => ({ berths });

/** Tells the agent of the state with every message. */
function Told() {
  useSubscribeStateToAgentContext(KEY, told);
  return null;
}
