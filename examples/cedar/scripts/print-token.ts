import { tokenOf } from "../src/demo-users.ts";
import { secretOf } from "../src/environment.ts";

/** `npm run --silent token ann` prints a token of Ann's. */
console.log(await tokenOf(process.argv[2] ?? "ann", secretOf(process.env)));
