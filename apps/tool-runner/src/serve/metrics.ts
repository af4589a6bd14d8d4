import type { Counter, Metrics } from "@holdfast/telemetry";

export interface ToolRunnerMetrics {
  readonly toolCalls: Counter<"tool" | "status">;
}

export function toolRunnerMetrics(metrics: Metrics): ToolRunnerMetrics {
  return {
    toolCalls: metrics.counter("holdfast_tool_calls_total", "Tool calls that ended here, by tool and status", [
      "tool",
      "status",
    ]),
  };
}
