import assert from "node:assert/strict";
import { makeSkill } from "../testing/make_skill.ts";
import { verdictOf } from "./verdict.ts";

function verdict(n: number, skill: number | null, p: number | null) {
  const dieboldMariano = p === null ? null : { statistic: 0, p };
  return verdictOf(makeSkill({ n, skill, dieboldMariano }));
}

Deno.test("verdictOf() calls skill only what chance hardly explains", () => {
  assert.equal(verdict(240, 0.03, 0.049), "skill");
  assert.equal(verdict(240, 0.03, 0.05), "no skill");
  assert.equal(verdict(240, -0.03, 0.2), "no skill");
  assert.equal(verdict(240, -0.03, 0.01), "worse than naive");
  assert.equal(verdict(240, 0, 1), "no skill");
  assert.equal(verdict(240, -1, null), "no skill");
  assert.equal(verdict(29, 0.9, 0), "too few");
  assert.equal(verdict(0, null, null), "too few");
});

Deno.test("verdictOf() calls suspicious what is too good to be true", () => {
  const skill = makeSkill({ n: 240, skill: 0.9, suspicious: "a leak" });
  assert.equal(verdictOf(skill), "suspicious");
});
