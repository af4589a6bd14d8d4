import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from "prom-client";

/*
 * Metrics in Prometheus' text format, each service with a registry of its own. Asking for a name again gives the metric
 * that exists. Recording never throws, and a gauge whose `collect` fails keeps its last value instead of failing the scrape.
 */

type Labels<L extends string> = Partial<Record<L, string>>;

export interface Counter<L extends string = string> {
  inc(labels?: Labels<L>, by?: number): void;
}

export interface Gauge<L extends string = string> {
  set(labels: Labels<L>, value: number): void;
  inc(labels?: Labels<L>, by?: number): void;
  dec(labels?: Labels<L>, by?: number): void;
  /** Forgets every value, so that label sets that no longer exist disappear. */
  reset(): void;
}

export interface Histogram<L extends string = string> {
  observe(labels: Labels<L>, value: number): void;
}

export interface Metrics {
  counter<const L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `collect` runs before each scrape and may set the gauge. */
  gauge<const L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    collect?: (gauge: Gauge<L>) => Promise<void> | void,
  ): Gauge<L>;
  /** `buckets` are upper bounds in the unit the name ends in. */
  histogram<const L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>;
  /** Everything in Prometheus' text format. */
  render(): Promise<string>;
  /** Value of the `content-type` header for `render()`. */
  readonly contentType: string;
}

export interface MetricsOptions {
  readonly service: string;
  /** Also report memory, CPU and event loop of the process. Default true. */
  readonly withProcess?: boolean;
}

/**
 * Between two looks at how late the event loop is. Each wakes a process that may have nothing to do: at the library's 10 ms
 * they cost an idle service more than all else it does.
 */
const LOOK_AT_LOOP_MS = 100;

export function createMetrics({ service, withProcess = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOK_AT_LOOP_MS });
  new PromGauge({
    name: "holdfast_service_info",
    help: "Always 1; says which service this is.",
    labelNames: ["service"],
    registers: [registry],
  }).set({ service }, 1);
  return {
    counter: (name, help, labels = []) => counter(registry, name, help, labels),
    gauge: (name, help, labels = [], collect) => gauge(registry, name, help, labels, collect),
    histogram: (name, help, labels = [], buckets) => histogram(registry, name, help, labels, buckets),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function counter<L extends string>(registry: Registry, name: string, help: string, labels: readonly L[]): Counter<L> {
  const existing = registry.getSingleMetric(name) as PromCounter<L> | undefined;
  const prom = existing ?? new PromCounter<L>({ name, help, labelNames: labels, registers: [registry] });
  return { inc: (set = {}, by = 1) => quietly(() => prom.inc(set, by)) };
}

function gauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly L[],
  collect?: (gauge: Gauge<L>) => Promise<void> | void,
): Gauge<L> {
  const existing = registry.getSingleMetric(name) as PromGauge<L> | undefined;
  const onScrape = async () => {
    try {
      await collect?.(own);
    } catch {
      // The scrape still tells everything else; readiness says what is broken.
    }
  };
  const prom =
    existing ??
    new PromGauge<L>({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      ...(collect ? { collect: onScrape } : {}),
    });
  const own: Gauge<L> = {
    set: (set, value) => quietly(() => prom.set(set, value)),
    inc: (set = {}, by = 1) => quietly(() => prom.inc(set, by)),
    dec: (set = {}, by = 1) => quietly(() => prom.dec(set, by)),
    reset: () => prom.reset(),
  };
  return own;
}

function histogram<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly L[],
  buckets?: readonly number[],
): Histogram<L> {
  const existing = registry.getSingleMetric(name) as PromHistogram<L> | undefined;
  const prom =
    existing ??
    new PromHistogram<L>({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      ...(buckets ? { buckets: [...buckets] } : {}),
    });
  return { observe: (set, value) => quietly(() => prom.observe(set, value)) };
}

function quietly(record: () => void): void {
  try {
    record();
  } catch {
    // A label the metric does not have, or a NaN: the types refuse the first, and neither is worth a failed run.
  }
}
