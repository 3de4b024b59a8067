// One contestant, measured in this process: node --expose-gc runner.mjs NAME SECONDS TASKS < {"initial": ..., "steps": [...]}
// Prints one JSON object with the figures that `benchmarks/runner.py` gives for Python, taken the same way.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import { CONTESTANTS } from "./contestants.mjs";
import { change } from "./steps.mjs";

const CHUNK = 10;
const WORKERS = 100;
const UNDOS = 15;

const nowNs = () => performance.now() * 1e6;
const plain = (state) => JSON.parse(JSON.stringify(state));

function keptBytes() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function check(initial, steps, state, done, skipped = -1) {
  const expected = plain(initial);
  steps.slice(0, done).forEach((step, index) => index !== skipped && change(expected, step));
  if (!isDeepStrictEqual(plain(state), expected)) throw new Error(`another state after ${done} steps`);
}

function oneByOne(contestant, steps, limitNs) {
  const began = nowNs();
  let done = 0;
  while (done < steps.length && nowNs() - began <= limitNs) {
    const end = Math.min(done + CHUNK, steps.length);
    for (; done < end; done++) contestant.act(steps[done]);
  }
  return [done, nowNs() - began];
}

async function fromTasks(contestant, steps, limitNs) {
  const began = nowNs();
  let done = 0;
  const work = async () => {
    while (done < steps.length && nowNs() - began <= limitNs) {
      contestant.act(steps[done++]);
      await null;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return [done, nowNs() - began];
}

function time(work, ...given) {
  if (!work) return null;
  const began = nowNs();
  work(...given);
  return nowNs() - began;
}

async function measure(name, seconds, tasks, { initial, steps }) {
  const contestant = await CONTESTANTS[name]();
  contestant.begin(plain(initial));
  const before = keptBytes();
  const [done, elapsedNs] = await (tasks ? fromTasks : oneByOne)(contestant, steps, seconds * 1e9);
  const figures = { actions: done, action_ns: elapsedNs / done, kept_bytes: (keptBytes() - before) / done };
  check(initial, steps, contestant.state(), done);
  let left = done;
  if (contestant.undo) {
    const times = Array.from({ length: Math.min(UNDOS, done - 1) }, () => time(contestant.undo));
    left -= times.length;
    figures.undo_ns = times.sort((a, b) => a - b)[times.length >> 1];
    check(initial, steps, contestant.state(), left);
  }
  const middle = left >> 1;
  figures.skip_ns = time(contestant.skip, middle);
  if (contestant.skip) check(initial, steps, contestant.state(), left, middle);
  figures.jump_ns = time(contestant.jump, middle);
  if (contestant.jump) check(initial, steps, contestant.state(), middle);
  return figures;
}

const [name, seconds, tasks] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await measure(name, Number(seconds), tasks === "tasks", JSON.parse(readFileSync(0)))));
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.log(JSON.stringify({ skipped: "not installed: run npm install in benchmarks/node" }));
}
