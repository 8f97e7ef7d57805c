import { DEMO_USERS, tokenOf } from "../src/demo-users.ts";
import { secretOf } from "../src/environment.ts";

/** `npm run tokens` prints all, `npm run --silent tokens hr-admin` one token alone; with `-- --step-up` as after a second factor. */
const [name] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const isSteppedUp = process.argv.includes("--step-up");
const secret = secretOf(process.env);
const users = Object.entries(DEMO_USERS).filter(([key]) => name === undefined || key === name);
if (users.length === 0) {
  console.error(`There is no ${name}; there are: ${Object.keys(DEMO_USERS).join(", ")}.`);
  process.exitCode = 1;
}
for (const [key, user] of users) {
  const token = await tokenOf({ ...user, stepUp: user.stepUp || isSteppedUp }, secret);
  console.log(name === undefined ? `${key} ${JSON.stringify(user)}\n${token}\n` : token);
}
