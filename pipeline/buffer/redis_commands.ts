import type { ScriptName } from "./redis_scripts.ts";
import type { RedisReply } from "./redis_session.ts";

/** One server, for what is asked of it and no other. */
export interface RedisNode {
  /** Where it is, for people to read. */
  readonly shown: string;
  readonly connected: boolean;
  call(args: readonly (string | Buffer)[]): Promise<RedisReply>;
}

/**
 * Commands for a Redis, be it one server or a cluster.
 *
 * Calls for one partition are sent in their order. Each settles in bounded
 * time; one that rejects may have been done, and is not sent again.
 */
export interface RedisCommands {
  /** The key is the second word. */
  call(args: readonly (string | Buffer)[]): Promise<RedisReply>;
  /** All keys have the same tag; there is one at least. */
  run(
    script: ScriptName,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<RedisReply>;
  /** Aborts once a server is there again that was away. */
  readonly back: AbortSignal;
  /** All servers, replicas too. */
  readonly nodes: readonly RedisNode[];
  /** Waits for the calls under way, which settle soon; repeatable. */
  close(): Promise<void>;
}
