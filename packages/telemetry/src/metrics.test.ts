import { describe, expect, it } from "@jest/globals";
import { createMetrics } from "./metrics.ts";

const create = () => createMetrics({ service: "worker", withProcess: false });

describe("metrics", () => {
  it("[metrics.names] render the counters and gauges of the contract with their labels", async () => {
    const metrics = create();
    const labels = { agent: "assistant", tool: "terminal", status: "completed" };
    const counters = ["runs_started", "runs_completed", "runs_errored", "tool_calls", "retries"];
    for (const name of counters)
      metrics.counter(`holdfast_${name}_total`, name, ["agent", "tool", "status"]).inc(labels);
    for (const name of ["dlq_size", "stream_connections", "queue_lag"]) {
      metrics.gauge(`holdfast_${name}`, name, ["agent"]).set({ agent: "assistant" }, 7);
    }
    const text = await metrics.render();
    for (const name of counters) {
      expect(text).toContain(`holdfast_${name}_total{agent="assistant",tool="terminal",status="completed"} 1\n`);
    }
    expect(text).toContain('holdfast_queue_lag{agent="assistant"} 7\n');
    expect(text).toContain('holdfast_service_info{service="worker"} 1\n');
  });

  it("show an unlabelled counter at 0 before its first event", async () => {
    const metrics = create();
    metrics.counter("a_total", "a");
    expect(await metrics.render()).toContain("a_total 0\n");
  });

  it("give the existing metric when a name is asked for again", async () => {
    const metrics = create();
    metrics.counter("a_total", "a", ["agent"]).inc({ agent: "x" });
    metrics.counter("a_total", "a", ["agent"]).inc({ agent: "x" }, 2);
    metrics.gauge("g", "g").inc();
    metrics.gauge("g", "g").dec({}, 3);
    metrics.histogram("h_seconds", "h", [], [1, 5]).observe({}, 2);
    metrics.histogram("h_seconds", "h", [], [1, 5]).observe({}, 3);
    const text = await metrics.render();
    expect(text).toContain('a_total{agent="x"} 3\n');
    expect(text).toContain("g -2\n");
    expect(text).toContain('h_seconds_bucket{le="5"} 2\n');
  });

  it("collect a gauge at the moment it is scraped, and forget label sets that are gone", async () => {
    const metrics = create();
    let topics = ["a", "b"];
    metrics.gauge("dlq", "dlq", ["topic"], async (gauge) => {
      gauge.reset();
      for (const topic of topics) gauge.set({ topic }, 1);
    });
    expect(await metrics.render()).toContain('dlq{topic="b"} 1');
    topics = ["a"];
    expect(await metrics.render()).not.toContain('topic="b"');
  });

  it("keep the scrape alive when a gauge cannot be collected", async () => {
    const metrics = create();
    const gauge = metrics.gauge("lag", "lag", [], () => Promise.reject(new Error("Redis is away")));
    gauge.set({}, 4);
    expect(await metrics.render()).toContain("lag 4\n");
  });

  it("never throw at the place that counts", async () => {
    const metrics = create();
    const counter = metrics.counter("a_total", "a", ["agent"]);
    expect(() => counter.inc({ wrong: "x" } as never)).not.toThrow();
    expect(() => counter.inc({ agent: "x" }, -1)).not.toThrow();
    expect(() => metrics.gauge("g", "g").set({}, Number.NaN)).not.toThrow();
  });

  it("keep registries apart and report the process when asked", async () => {
    const withProcess = createMetrics({ service: "a" });
    expect(await withProcess.render()).toContain("process_resident_memory_bytes");
    expect(await create().render()).not.toContain("process_resident_memory_bytes");
    expect(withProcess.contentType).toContain("text/plain");
  });
});
