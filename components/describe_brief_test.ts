import assert from "node:assert/strict";
import type { SkillBrief } from "./api_views.ts";
import { describeBrief, skillWord } from "./describe_brief.ts";

const brief = (changes: Partial<SkillBrief> = {}): SkillBrief => ({
  model: "arima(1,1,1)",
  source: "live",
  n: 240,
  skill: 0.031,
  verdict: "skill",
  ...changes,
});

Deno.test("a skill is a figure, and no skill is said as such", () => {
  assert.equal(skillWord(brief()), "+3.1 %");
  assert.equal(skillWord(brief({ verdict: "no skill" })), "no skill");
  assert.equal(
    skillWord(brief({ verdict: "worse than naive", skill: -0.2 })),
    "no skill",
  );
  assert.equal(skillWord(brief({ verdict: "too few", n: 5 })), "too few");
  assert.equal(skillWord(brief({ verdict: "suspicious" })), "suspicious");
  assert.equal(skillWord(brief({ skill: null, n: 0 })), "not scored");
  assert.equal(skillWord(null), "not scored");
});

Deno.test("a tooltip tells over what, and which way", () => {
  assert.equal(
    describeBrief(brief({ skill: -0.012, verdict: "no skill" })),
    "arima(1,1,1): over the last 240 live forecasts its errors were 1.2 % " +
      "larger than those of “no change”",
  );
  assert.match(
    describeBrief(brief({ source: "walk_forward" })),
    /over 240 forecasts of a walk forward .* smaller/,
  );
});
