import { AuditTrail } from "../src/audit-trail.ts";
import { filesOf } from "../src/environment.ts";

/** The whole record of a run, with what was refused: for who runs the server. */
const [runId] = process.argv.slice(2);
if (runId === undefined) {
  console.error("npm run audit <run id>");
  process.exitCode = 1;
} else {
  const audit = new AuditTrail(filesOf(process.env).auditPath);
  for (const row of audit.list(runId)) console.log(JSON.stringify(row));
  audit.close();
}
