export { freePort } from "./free-port.ts";
export { startRedis, type RedisOptions, type TestRedis } from "./redis.ts";
export {
  spawnService,
  type LogLine,
  type ReadyLine,
  type ServiceExit,
  type ServiceOptions,
  type TestService,
} from "./service.ts";
export { until, type UntilOptions } from "./until.ts";
