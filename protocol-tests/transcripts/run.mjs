// Runs every transcript against the npm reference and against the server under test, side by side, and compares.
//
//   node transcripts/run.mjs [T017 T018 …] [--show]
//
// A difference must be listed in docs/differences.md under the transcript's number, and a listed transcript must
// differ: otherwise the run fails. `--show` prints what both servers did even where they agree.
// With TARGET=reference both sides are the reference: all must be equal, which proves the runner steady.
import { readFileSync } from "node:fs";
import { Recorder } from "./recorder.mjs";
import { transcripts } from "./index.mjs";
import { FIXTURES, TARGET, startFixture } from "../support/target.mjs";

const AT_ONCE = 6;
/** The fixtures on which clients of different transcripts would meet. */
const ALONE = ["blackbox", "recovery"];
const LIMIT_MS = 30_000;
const chosen = process.argv.slice(2).filter((word) => /^T\d+$/.test(word));
const show = process.argv.includes("--show");

const listed = new Map();
if (TARGET !== "reference") {
  const rows = readFileSync(new URL("../../docs/differences.md", import.meta.url), "utf8").split("\n");
  for (const row of rows.filter((line) => /^\|\s*D\d+\s*\|/.test(line))) {
    const [, name] = /^\|\s*(D\d+)/.exec(row);
    for (const [id] of row.matchAll(/\bT\d+\b/g)) listed.set(id, name);
  }
  for (const id of listed.keys()) {
    if (!transcripts.some((transcript) => transcript.id === id)) throw new Error(`docs/differences.md names ${id}, which is no transcript`);
  }
}

const todo = transcripts.filter(({ id }) => chosen.length === 0 || chosen.includes(id));
const servers = { reference: await startAll("reference"), ours: await startAll(TARGET) };
const started = performance.now();
const results = [];
const shared = todo.filter(({ server }) => !ALONE.includes(server));
await Promise.all([
  ...Array.from({ length: AT_ONCE }, () => playAll(shared)),
  ...ALONE.map((name) => playAll(todo.filter(({ server }) => server === name))),
]);
// Load can push one of the short timers of the fixtures past another. What did not pass is played once more, alone.
const again = results.filter((result) => isBad(verdict(result)));
for (const { transcript } of again) {
  results.splice(results.findIndex((result) => result.transcript === transcript), 1, await compare(transcript));
}
for (const side of Object.values(servers)) for (const server of Object.values(side)) await server.stop();
report(results.sort((left, right) => todo.indexOf(left.transcript) - todo.indexOf(right.transcript)));

async function startAll(target) {
  const names = FIXTURES.filter((name) => todo.some(({ server }) => server === name));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await startFixture(name, target)])));
}

async function playAll(queue) {
  for (let transcript; (transcript = queue.shift()); ) results.push(await compare(transcript));
}

async function compare(transcript) {
  const [reference, ours] = await Promise.all([play(transcript, servers.reference), play(transcript, servers.ours)]);
  return {
    transcript,
    reference: reference.text(),
    ours: ours.text(),
    wanted: transcript.trunkline && reference.with(transcript.trunkline).text(),
    difference: listed.get(transcript.id),
  };
}

async function play(transcript, side) {
  const recorder = new Recorder(side[transcript.server].port, transcript);
  let timer;
  try {
    await Promise.race([
      transcript.play(recorder),
      new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not over after ${LIMIT_MS} ms`)), LIMIT_MS); }),
    ]);
  } catch (error) {
    recorder.note("~", `the transcript stopped: ${error.message}`);
  } finally {
    clearTimeout(timer);
    recorder.close();
  }
  return recorder;
}

function report(all) {
  const verdicts = all.map((result) => ({ ...result, verdict: verdict(result) }));
  for (const { transcript, verdict, difference } of verdicts) {
    console.log(`${transcript.id}  ${verdict.padEnd(11)} ${difference ? `${difference} ` : ""}${transcript.title}`);
  }
  const bad = verdicts.filter(({ verdict }) => isBad(verdict));
  for (const { transcript, reference, ours, wanted, verdict } of show ? verdicts : bad) {
    console.log(`\n── ${transcript.id} ${verdict}: ${transcript.title}`);
    console.log(reference === ours ? reference : sideBySide(reference, ours));
    if (wanted && verdict === "DIFFERS") console.log(`   the listed difference is (- is what we planned):\n${sideBySide(wanted, ours)}`);
    if (verdict === "STALE") console.log("   listed in docs/differences.md, but there is no difference");
  }
  const count = (name) => verdicts.filter(({ verdict }) => verdict === name).length;
  const left = TARGET === "reference" ? "reference against reference" : "reference against Trunkline";
  console.log(`\ntranscripts (${left}): ${verdicts.length}, equal ${count("equal")}, differing with reason ${count("listed")}, ` +
    `differing without reason ${count("DIFFERS")}, listed but equal ${count("STALE")}, broken ${count("BROKEN")}, played twice ${again.length}; ` +
    `${((performance.now() - started) / 1000).toFixed(1)} s`);
  process.exitCode = bad.length === 0 ? 0 : 1;
}

function verdict({ reference, ours, wanted, difference }) {
  if (reference.includes("the transcript stopped:")) return "BROKEN";
  if (reference === ours) return difference ? "STALE" : "equal";
  if (!difference) return "DIFFERS";
  return wanted === undefined || wanted === ours ? "listed" : "DIFFERS";
}

function isBad(verdict) {
  return ["DIFFERS", "STALE", "BROKEN"].includes(verdict);
}

function sideBySide(reference, ours) {
  const rows = [];
  const [left, right] = [reference, ours].map((text) => byLane(text.split("\n")));
  for (const lane of new Set([...left.keys(), ...right.keys()])) {
    const [was, is] = [left.get(lane) ?? [], right.get(lane) ?? []];
    for (let i = 0; i < Math.max(was.length, is.length); i++) {
      if (was[i] === is[i]) rows.push(`     ${was[i]}`);
      else rows.push(`   - ${was[i] ?? "(nothing)"}`, `   + ${is[i] ?? "(nothing)"}`);
    }
  }
  return rows.join("\n");
}

function byLane(lines) {
  const lanes = new Map();
  for (const line of lines) {
    const lane = line.slice(0, line.indexOf(":"));
    lanes.set(lane, [...(lanes.get(lane) ?? []), line]);
  }
  return lanes;
}
