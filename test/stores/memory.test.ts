import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { storeSuite } from "../../src/testkit/store-suite.ts";

storeSuite("MemoryRunStore", {
  isDurable: false,
  open: (clock) => MemoryRunStore.open({ clock }),
  reopen: async (store) => store,
  destroy: async () => undefined,
});
