// A simulated world, read by the real program and served by it on a free port of loopback.

import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { hostileBuilds } from "./hostile.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** Where everything that is written goes; git ignores it. */
export const results = join(here, "results");

/** The program under test. */
export function binary() {
  const path = resolve(process.env.SEAMGRID_BIN ?? join(here, "../target/debug/seamgrid"));
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: run \`cargo xtask build\`, or name the program in SEAMGRID_BIN`);
  }
  return path;
}

/** Runs one command of the program to its end. */
export function run(cwd, ...args) {
  const done = spawnSync(binary(), args, { cwd, encoding: "utf8", env: environment() });
  if (done.status !== 0) {
    throw new Error(`seamgrid ${args.join(" ")} ended with ${done.status ?? done.signal}:\n${done.stderr}`);
  }
  return done.stdout;
}

/**
 * Serves what `folder` holds, on a free port unless `args` say where; answers the address and a function
 * that stops the server.
 */
export async function serve(folder, ...args) {
  const where = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const child = spawn(binary(), ["serve", ...where, ...args], {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  const ended = new Promise((done) => child.once("exit", done));
  // Whatever ends us, ends the server.
  const stopNow = () => child.kill("SIGKILL");
  process.once("exit", stopNow);
  const url = await new Promise((found, failed) => {
    const listen = (line) => {
      said.push(line);
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (address) {
        found(address[0]);
      }
    };
    createInterface({ input: child.stdout }).on("line", listen);
    createInterface({ input: child.stderr }).on("line", listen);
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`the server ended with ${code}:\n${said.join("\n")}`)));
  });
  await ready(url, child);
  return {
    url,
    log: said,
    stop: async () => {
      process.removeListener("exit", stopNow);
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Waits until the server has published what it knows. */
async function ready(url, child) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`${url}/readyz`);
    await answer.arrayBuffer();
    if (answer.ok) {
      return;
    }
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error(`${url}/readyz did not answer 200 within a minute`);
}

/** Simulates a world with the Boskos incident and with hostile names, and reads it into a database. */
export function prepareWorld(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(folder, "simulate", "--out", "world", "--seed", "10", "--scale", "small", "--incident", "boskos");
  const truth = JSON.parse(readFileSync(join(folder, "world/truth.json"), "utf8"));
  for (const [path, content] of hostileBuilds(truth)) {
    const whole = join(folder, "world", path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, content);
  }
  // A server that only shows would call its sources old in the middle of the tests.
  const settings = join(folder, "world/seamgrid.yaml");
  const text = readFileSync(settings, "utf8");
  writeFileSync(settings, text.replace(/poll_secs: \d+/, "poll_secs: 86400"));
  run(folder, "update", "--once", ...options);
  return truth;
}

/**
 * Lets a job of the world run again `count` times and fail each time, and reads the builds into the
 * database. Answers their ids, oldest first.
 */
export function failAgain(folder, truth, job, count) {
  const builds = join(folder, "world/bucket", truth.bucket, "logs", job);
  const newest = readdirSync(builds)
    .filter((name) => /^\d+$/.test(name))
    .map(BigInt)
    .reduce((a, b) => (a > b ? a : b));
  const ids = [];
  for (let number = 1; number <= count; number += 1) {
    const id = String(newest + BigInt(number) * 1_000_000_000_000n);
    cpSync(join(builds, String(newest)), join(builds, id), { recursive: true });
    // They would say that the build before has passed.
    for (const name of ["prowjob.json", "podinfo.json"]) {
      rmSync(join(builds, id, name), { force: true });
    }
    const change = (name, changes) => {
      const path = join(builds, id, name);
      const content = JSON.parse(readFileSync(path, "utf8"));
      const timestamp = content.timestamp + number * 600;
      writeFileSync(path, JSON.stringify({ ...content, ...changes, timestamp }));
    };
    change("started.json", {});
    change("finished.json", { passed: false, result: "FAILURE" });
    ids.push(id);
  }
  run(folder, "update", "--once", ...options);
  return ids;
}

/** Which settings and which database; paths are relative to the folder of `prepareWorld`. */
export const options = ["--config", "world/seamgrid.yaml", "--database", "sqlite://seamgrid.db"];

function environment() {
  const { PATH, HOME, TMPDIR, RUST_BACKTRACE } = process.env;
  // Nothing that a developer has set (SEAMGRID_…) may change what is tested.
  return Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR, RUST_BACKTRACE }).filter(([, value]) => value !== undefined),
  );
}
