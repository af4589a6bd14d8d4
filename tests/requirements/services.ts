/** Every service: configuration, exit codes, admin port, telemetry (protocol §6, §7.2, §8). */
export const services = {
  "config.lines": "Every problem of the configuration file is printed with its line (protocol §6.1)",
  "config.variables": "`${VAR}` and `${VAR:-default}` are expanded in strings (protocol §6.1)",
  "config.secret-files": "A secret may be given as `<NAME>_FILE` (protocol §6.2)",
  "exit.drained": "A process exits 0 on SIGTERM after draining (protocol §7.2)",
  "exit.second-signal": "A process exits 1 on a second signal (protocol §7.2)",
  "exit.overdue": "A process exits 1 past the time allowed for shutdown (protocol §7.2)",
  "exit.config": "A process exits 78 on bad configuration, with every problem printed (protocol §6.1, §7.2)",
  "admin.routes": "Every service answers health, readiness and metrics on its admin port (protocol §6.2)",
  "admin.ready": "Readiness is 503 with the failing checks while health stays 200 (protocol §4)",
  "log.keys": "Log lines are JSON with the stable keys (protocol §8.1)",
  "log.secrets": "Log lines never show a secret (protocol §8.1)",
  "trace.carried": "A trace goes on in another process by `traceparent` (protocol §8.2)",
  "metrics.names": "The counters and gauges of the contract exist with their labels (protocol §8.3)",
} as const;
