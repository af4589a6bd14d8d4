/** A real primary with two replicas and three Sentinels that watch it, for a test. It takes about two seconds to start. */
import { redisCommand } from "./redis-command.ts";
import { startRedis, type TestRedis } from "./redis.ts";
import { until } from "./until.ts";

export interface TestSentinels {
  /** As REDIS_URL has it. */
  readonly url: string;
  readonly servers: readonly TestRedis[];
  /** The primary as the Sentinels name it. */
  primary(): Promise<TestRedis>;
  stop(): Promise<void>;
}

const NAME = "mymaster";
/** Until a primary that does not answer counts as down. */
const DOWN_AFTER_MS = 1_500;
const READY_MS = 60_000;

export async function startRedisSentinels(): Promise<TestSentinels> {
  const started: TestRedis[] = [];
  const start = async (...given: Parameters<typeof startRedis>): Promise<TestRedis> => {
    const server = await startRedis(...given);
    started.push(server);
    return server;
  };
  const stop = async (): Promise<void> => void (await Promise.all(started.map((server) => server.stop())));
  try {
    const args = ["--repl-diskless-sync-delay", "0"];
    const first = await start({ aof: true, args });
    const replicaOf = ["--replicaof", "127.0.0.1", `${first.port}`];
    const replicas = await Promise.all([0, 1].map(() => start({ aof: true, args: [...args, ...replicaOf] })));
    const isAttached = async ({ port }: TestRedis): Promise<boolean> =>
      (await redisCommand(port, "INFO", "replication")).includes("master_link_status:up");
    await until(async () => (await Promise.all(replicas.map(isAttached))).every(Boolean), { timeoutMs: READY_MS });
    const sentinel = [
      `sentinel monitor ${NAME} 127.0.0.1 ${first.port} 2`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${NAME} 5000`,
      `sentinel parallel-syncs ${NAME} 1`,
    ];
    const sentinels = await Promise.all([0, 1, 2].map(() => start({ sentinel })));
    await until(async () => (await Promise.all(sentinels.map(isInformed))).every(Boolean), {
      timeoutMs: READY_MS,
      what: "the Sentinels know of each other and of the replicas",
    });
    const servers = [first, ...replicas];
    return {
      url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${NAME}`,
      servers,
      stop,
      primary: async () => {
        const reply = await redisCommand(sentinels[0]?.port ?? 0, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME);
        const found = servers.find(({ port }) => reply.includes(`\r\n${port}\r\n`));
        if (!found) throw new Error("the Sentinels name no server of ours");
        return found;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function isInformed({ port }: TestRedis): Promise<boolean> {
  const info = await redisCommand(port, "INFO", "sentinel");
  return /status=ok,address=[^,]+,slaves=2,sentinels=3/.test(info);
}
