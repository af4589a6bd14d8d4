import type { SystemName } from "../../systems/system.ts";
import type { Recorder } from "../recorder.ts";
import type { Adapter } from "./adapter.ts";
import { bullAdapter } from "./bull.ts";
import { directAdapter } from "./direct.ts";
import { holdfastAdapter } from "./holdfast.ts";
import { naiveAdapter } from "./naive.ts";

export function adapterNamed(system: SystemName, url: string, recorder: Recorder): Adapter {
  switch (system) {
    case "direct":
      return directAdapter(url);
    case "naive":
      return naiveAdapter(url);
    case "bull":
      return bullAdapter(url, recorder);
    case "holdfast":
      return holdfastAdapter(url, recorder);
  }
}
