import assert from "node:assert/strict";
import { BatchBudget } from "./batch_budget.ts";

Deno.test("BatchBudget gives the whole until something fails, then less and less, never nothing", () => {
  const budget = new BatchBudget(2_000);
  assert.equal(budget.of(512), 512);
  budget.failed();
  assert.equal(budget.of(512), 128);
  for (let i = 0; i < 10; i++) budget.failed();
  assert.equal(budget.of(512), 8);
  assert.equal(budget.of(3), 1);
});

Deno.test("BatchBudget halves after slow turns and comes back to the whole after quick ones", () => {
  const budget = new BatchBudget(2_000);
  budget.took(2_500);
  assert.equal(budget.of(512), 256);
  budget.took(1_500);
  assert.equal(budget.of(512), 256, "neither slow nor quick");
  for (let i = 0; i < 10; i++) budget.took(2_500);
  assert.equal(budget.of(512), 8);
  for (let i = 0; i < 10; i++) budget.took(20);
  assert.equal(budget.of(512), 512);
});

Deno.test("BatchBudget may begin with a part, and takes more once that was quick", () => {
  const budget = new BatchBudget(250, 1 / 16);
  assert.equal(budget.of(512), 32);
  budget.took(130);
  assert.equal(budget.of(512), 32, "neither slow nor quick");
  budget.took(120);
  assert.equal(budget.of(512), 64);
  budget.took(251);
  assert.equal(budget.of(512), 32);
});
