/** `npm start` and `pnpm dev` (`--watch`): installs what is missing, then starts the whole stack. See src/start.ts. */
import { launch } from "./bootstrap/launch.mjs";

await launch("src/start.ts");
