import { describe, expect, it } from "@jest/globals";
import { readSettings } from "./settings.ts";

describe("readSettings", () => {
  it("without anything set runs the demo on the usual port, which may move", () => {
    expect(readSettings({}, [])).toMatchObject({
      gatewayHost: "127.0.0.1",
      gatewayPort: 8080,
      isPortChosen: false,
      isDemo: true,
      isWatching: false,
    });
  });

  it("a chosen port does not move", () => {
    expect(readSettings({ GATEWAY_PORT: "9000" }, [])).toMatchObject({ gatewayPort: 9000, isPortChosen: true });
  });

  it.each(["OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL"])("%s ends the demo", (name) => {
    expect(readSettings({ [name]: "x" }, []).isDemo).toBe(false);
    expect(readSettings({ [name]: "" }, []).isDemo).toBe(true);
  });

  it("nonsense is named", () => {
    expect(() => readSettings({ GATEWAY_PORT: "http" }, [])).toThrow("GATEWAY_PORT");
    expect(() => readSettings({}, ["--wach"])).toThrow("--wach");
  });
});
