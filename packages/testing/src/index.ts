export { freePort } from "./free-port.ts";
export { gate, type Gate } from "./gate.ts";
export { type Partition, startPartition } from "./partition.ts";
export { redisCommand } from "./redis-command.ts";
export { startRedisCluster, type TestCluster } from "./redis-cluster.ts";
export { startRedisSentinels, type TestSentinels } from "./redis-sentinel.ts";
export { startRedis, type RedisOptions, type TestRedis } from "./redis.ts";
export { startScriptedModel, type RecordedRequest, type Script, type ScriptedModel } from "./scripted-model.ts";
export {
  stampedWords,
  type Piece,
  type ScriptedAnswer,
  type ScriptedHttpError,
  type ScriptedReply,
  type ScriptedToolCall,
} from "./scripted-reply.ts";
export {
  spawnService,
  type LogLine,
  type ReadyLine,
  type ServiceExit,
  type ServiceOptions,
  type TestService,
} from "./service.ts";
export { until, type UntilOptions } from "./until.ts";
