import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/core/clock.ts";
import type { RunStore } from "../../src/core/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { storeSuite, type StoreHarness } from "../../src/testkit/store-suite.ts";

function sqliteHarness(): StoreHarness {
  let folder = "";
  let options: { readonly path: string; readonly clock: Clock };
  let opened: RunStore[] = [];
  const open = async (): Promise<RunStore> => {
    const store = await openSqliteStore(options);
    opened.push(store);
    return store;
  };
  return {
    isDurable: true,
    open: async (clock) => {
      folder = await mkdtemp(join(tmpdir(), "holdfast-sqlite-"));
      options = { path: join(folder, "made", "runs.db"), clock };
      return await open();
    },
    openSecond: open,
    reopen: async (store) => {
      await store.close();
      return await open();
    },
    destroy: async () => {
      await Promise.all(opened.map((store) => store.close()));
      opened = [];
      await rm(folder, { recursive: true, force: true });
    },
  };
}

storeSuite("SqliteRunStore", sqliteHarness());
