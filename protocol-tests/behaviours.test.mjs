// docs/behaviours.md is held to its word: every number is there once, and everything it names exists.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { faults } from "./fixtures/faults.mjs";
import { transcripts } from "./transcripts/index.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COUNT = 258;
const text = readFileSync(`${ROOT}docs/behaviours.md`, "utf8");
const rows = [...text.matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)].map(([, number, what, shown]) => ({ number: Number(number), what, shown }));

function sources(folder, ending) {
  return readdirSync(`${ROOT}${folder}`, { recursive: true })
    .filter((name) => name.endsWith(ending) && !/node_modules|target/.test(name))
    .map((name) => readFileSync(`${ROOT}${folder}/${name}`, "utf8"));
}

describe("docs/behaviours.md", () => {
  it("has every number once, in order", () => {
    assert.deepEqual(rows.map(({ number }) => number), Array.from({ length: COUNT }, (_, at) => at + 1));
  });

  it("shows every one of them by something", () => {
    const known = new Set(transcripts.map(({ id }) => id));
    const differences = new Set(readFileSync(`${ROOT}docs/differences.md`, "utf8").match(/^\| D\d+/gm).map((row) => row.slice(2)));
    const tests = [...sources("src", ".rs"), ...sources("tests", ".rs"), ...sources("protocol-tests", ".test.mjs")].join("\n");
    const files = new Set(readdirSync(`${ROOT}protocol-tests`));
    const missing = [];
    for (const { number, shown } of rows) {
      const names = shown.split(", ");
      for (const name of names) {
        const code = /^`(.+)`$/.exec(name)?.[1];
        const exists = code ? files.has(code) || tests.includes(`fn ${code}(`) || tests.includes(`"${code}"`) : known.has(name) || differences.has(name);
        if (!exists) missing.push(`${number}: ${name}`);
      }
      if (names.every((name) => /^D\d+$/.test(name))) missing.push(`${number}: nothing shows it`);
    }
    assert.deepEqual(missing, []);
  });
});

describe("fixtures/faults.mjs", () => {
  it("finds each place that it breaks once, and names transcripts that are there", () => {
    const known = new Set(transcripts.map(({ id }) => id));
    const stale = faults.filter(({ file, from, transcripts }) =>
      readFileSync(`${ROOT}${file}`, "utf8").split(from).length !== 2 || !transcripts.every((id) => known.has(id)));
    assert.deepEqual(stale.map(({ name }) => name), []);
    assert.equal(faults.length, 20);
  });
});
