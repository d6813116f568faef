import assert from "node:assert/strict";
import type { Skill } from "../domain/forecast.ts";
import { chooseChampion, countingSkill } from "./choose_champion.ts";
import { makeSkill } from "./testing/make_skill.ts";

function skill(model: string, value: number | null, n = 100): Skill {
  return makeSkill({ model, n, skill: value });
}

function champion(...skills: readonly Skill[]): string {
  return chooseChampion(
    ["random-walk", "a", "b"],
    (model) => skills.find((one) => one.model === model) ?? null,
    30,
  );
}

Deno.test("chooseChampion() shows the best model, and the random walk when none is better", () => {
  assert.equal(champion(skill("a", 0.01), skill("b", 0.02)), "b");
  assert.equal(champion(skill("a", -0.01), skill("b", -0.02)), "random-walk");
  assert.equal(champion(skill("a", 0)), "random-walk");
  assert.equal(champion(), "random-walk");
});

Deno.test("chooseChampion() leaves out models that were scored too seldom", () => {
  assert.equal(champion(skill("a", 0.5, 29), skill("b", 0.01, 30)), "b");
  assert.equal(champion(skill("a", null)), "random-walk");
});

Deno.test("chooseChampion() never shows a model whose record is too good to be true", () => {
  const leak = { ...skill("a", 0.9), suspicious: "looks like a leak" };
  assert.equal(champion(leak, skill("b", 0.01)), "b");
  assert.equal(champion(leak), "random-walk");
});

Deno.test("countingSkill() is of live scores once there are enough", () => {
  const live = [skill("a", 0.1, 59)];
  const past = [{ ...skill("a", 0.2), source: "walk_forward" as const }];
  assert.equal(countingSkill("a", live, past, 60)?.source, "walk_forward");
  assert.equal(countingSkill("a", live, past, 59)?.source, "live");
  assert.equal(countingSkill("a", live, [], 60)?.n, 59);
  assert.equal(countingSkill("b", live, past, 60), null);
});
