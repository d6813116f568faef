import assert from "node:assert/strict";
import { MemoryBuffer } from "../pipeline/buffer/testing/memory_buffer.ts";
import { streamEntry } from "../pipeline/domain/entry.ts";
import { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import type { WantedDivision } from "../pipeline/domain/partition_map.ts";
import { epochMicros } from "../pipeline/domain/time.ts";
import {
  BEFORE_FIRST,
  type DrainedStream,
  type LayoutNode,
} from "../pipeline/ports.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { divideStep, reopenStreams } from "./divide_partitions.ts";
import { silentLog } from "../pipeline/silent_log.ts";

const KEY = { feed: "", epoch: 0 };

class World {
  readonly layout = new PartitionLayout(2);
  readonly buffer = new MemoryBuffer("stream");
  nodes: LayoutNode[] = [];
  positions: DrainedStream[] = [0, 1].map((p) => ({
    p,
    position: BEFORE_FIRST,
    incarnation: null,
  }));
  readonly archived: string[] = [];
  readonly divided: WantedDivision[] = [];
  refuses = false;

  node(given: Partial<LayoutNode>): void {
    const { length } = this.nodes;
    this.nodes.push({
      owner: `o${length}`,
      node: `n${length}`,
      roles: ["feed", "aggregate"],
      stream: "",
      holds: true,
      pins: true,
      ...given,
    });
  }

  async append(p: number): Promise<"appended" | "sealed" | "conflict"> {
    const { kind } = await this.buffer.append({
      p,
      key: KEY,
      expectLast: 0,
      newLast: 0,
      entry: streamEntry({ kind: "mark", receivedAt: epochMicros(1) }),
    });
    return kind;
  }

  step(wanted: WantedDivision | null = { partitions: 4 }) {
    const { layout, buffer } = this;
    return divideStep({
      layout,
      buffer,
      store: {
        state: () => Promise.reject(new Error("not asked")),
        nodes: () => Promise.resolve(this.nodes),
        positions: () => Promise.resolve(this.positions),
        divide: (_, { tag: _tag, ...next }) => {
          if (this.refuses) return Promise.resolve(false);
          this.divided.push(next);
          return Promise.resolve(true);
        },
      },
      archive: (p, through, incarnation) => {
        this.archived.push(`${p} ${through} ${incarnation}`);
        return Promise.resolve();
      },
      clock: systemClock,
      log: silentLog,
    }, { divisions: [layout.now], wanted });
  }
}

Deno.test("a division waits for every feed, and for programs that know of it", async () => {
  for (
    const given of [
      { holds: false },
      { stream: "other" },
      { stream: null, roles: ["web"] },
    ]
  ) {
    const world = new World();
    world.node({});
    world.node(given);
    assert.equal(await world.step(), "waits");
    assert.equal(await world.append(0), "appended", "nothing is sealed yet");
  }
  const world = new World();
  world.node({ roles: ["web"], holds: false });
  assert.equal(await world.step(), "divided", "pages have nothing to hold");
});

Deno.test("streams are sealed, and divided once all of them is committed", async () => {
  const world = new World();
  world.node({});
  await world.append(0);
  await world.append(0);
  const at = (position: string, incarnation = "stream") =>
    world.positions[0] = {
      p: 0,
      position: position as DrainedStream["position"],
      incarnation,
    };
  at("1-0");
  assert.equal(await world.step(), "sealed");
  assert.equal(await world.append(1), "sealed");
  at("2-0", "another stream");
  assert.equal(await world.step(), "sealed");
  assert.deepEqual(world.archived, []);
  at("2-0");
  world.refuses = true;
  assert.equal(await world.step(), "sealed", "something has changed meanwhile");
  assert.equal(world.layout.partitions, 2);
  world.refuses = false;
  assert.equal(await world.step(), "divided");
  assert.deepEqual(world.divided, [{ partitions: 4 }]);
  assert.equal(world.layout.partitions, 4);
  assert.notEqual(world.layout.now.tag, "");
  assert.equal(world.archived.at(-1), "0 2-0 stream");
});

Deno.test("streams that nobody wants divided take appends again", async () => {
  const world = new World();
  world.node({});
  await world.append(0);
  await world.step();
  assert.equal(await world.append(0), "sealed");
  assert.equal(await world.step(null), "waits");
  await reopenStreams(world);
  assert.equal(await world.append(0), "appended");
});

Deno.test("instruments are pinned once every program knows of that", async () => {
  const wanted = { partitions: 3, pins: ["HOT"] };
  const world = new World();
  world.node({});
  world.node({ roles: ["web"], pins: false });
  assert.equal(await world.step(wanted), "waits");
  world.nodes.pop();
  assert.equal(await world.step(wanted), "divided");
  assert.deepEqual(world.divided, [wanted]);
  assert.equal(world.layout.of("HOT"), 2);
});
