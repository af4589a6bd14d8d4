/** What the standard OTEL_* variables say about traces; the SDK reads the rest (sampler, batching, headers) by itself. */
export interface TracingConfig {
  readonly isOn: boolean;
  /** Undefined when OTEL_RESOURCE_ATTRIBUTES names the service, which the SDK picks up. */
  readonly serviceName: string | undefined;
  readonly hasOwnDetectors: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

export function tracingConfig(service: string, env: Env = process.env): TracingConfig {
  const read = (name: string) => env[name]?.trim() ?? "";
  const endpoint = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || read("OTEL_EXPORTER_OTLP_ENDPOINT");
  const isDisabled = read("OTEL_SDK_DISABLED").toLowerCase() === "true" || read("OTEL_TRACES_EXPORTER") === "none";
  const isNamed = /(?:^|,)\s*service\.name\s*=/.test(read("OTEL_RESOURCE_ATTRIBUTES"));
  return {
    isOn: endpoint !== "" && !isDisabled,
    serviceName: read("OTEL_SERVICE_NAME") || (isNamed ? undefined : service),
    hasOwnDetectors: read("OTEL_NODE_RESOURCE_DETECTORS") !== "",
  };
}
