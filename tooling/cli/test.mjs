/** `npm test` (`--only unit|e2e|browser`): installs what is missing, then runs the tests. See src/test.ts. */
import { launch } from "./bootstrap/launch.mjs";

await launch("src/test.ts");
