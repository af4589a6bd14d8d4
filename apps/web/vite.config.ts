import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

/**
 * Static files for the gateway to serve at `/` and `/c/<id>`: addresses are absolute, and nothing is inlined, so a
 * content security policy of `'self'` holds. `pnpm --filter @holdfast/web dev` sends `/v1` to a running gateway.
 */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { conditions: ["source", ...defaultClientConditions] },
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": process.env["GATEWAY_URL"] ?? "http://127.0.0.1:8080" } },
});
