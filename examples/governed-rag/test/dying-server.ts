import { tokenOf, DEMO_USERS } from "../src/demo-users.ts";
import { filesOf } from "../src/environment.ts";
import { openGovernedRag } from "../src/governed-rag.ts";
import { requestOf, SECRET } from "./open-example.ts";

/** Asks one question, and dies as soon as so many times something was put on record: `node dying-server.ts <folder> <way> <question> <times>`. */
const [folder = "", path = "", body = "", times = ""] = process.argv.slice(2);
const rag = await openGovernedRag({ secret: SECRET, ...filesOf({ GOVERNED_RAG_DATA: folder }) }, {});
const { record } = rag.audit;
let calls = 0;
rag.audit.record = (...args) => {
  record.apply(rag.audit, args);
  calls += 1;
  if (calls === Number(times)) process.kill(process.pid, "SIGKILL");
};
const authorization = `Bearer ${await tokenOf(DEMO_USERS["finance-viewer"], SECRET)}`;
await (await rag.fetch(requestOf(path, JSON.parse(body), { authorization }))).text();
