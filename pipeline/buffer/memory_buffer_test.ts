import { BUFFER_CONTRACT } from "./testing/buffer_contract.ts";
import { MemoryBuffer } from "./testing/memory_buffer.ts";

for (const { name, check } of BUFFER_CONTRACT) {
  Deno.test(`MemoryBuffer ${name}`, async () => {
    const buffer = new MemoryBuffer();
    await check(buffer);
    await buffer.close();
  });
}
