// What a person waits for in the browser, on a tab of 5,000 rows and 1,000 columns: until the first
// cells are on the screen, and how much script each frame of scrolling takes. Each figure stands beside
// its goal and its floor: the same without us.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { chromium } from "@playwright/test";

import { launchOptions } from "./browser.mjs";
import { results, run, serve } from "./world.mjs";

const ROWS = 5_000;
const COLUMNS = 1_000;
const LOADS = 7;
const FRAMES = 150;
const GOAL_FIRST_CELLS_MS = 1_500;
const GOAL_SCRIPT_MS = 16.7;

const folder = join(results, "bench");
const path = "/d/bench/large";
const missed = [];

writeWorld();
run(folder, "import", "recorded", ...flags());
const server = await serve(folder, "--no-update", ...flags());
const browser = await chromium.launch(launchOptions);
try {
  // The first answer is made cold; it is told apart from the others.
  const cold = await firstCells();
  const warm = [];
  const answers = [];
  for (let load = 0; load < LOADS; load += 1) {
    warm.push(await firstCells());
    answers.push(await answerTime());
  }
  const floor = quantile(answers, 0.5);
  report("first cells, cold", cold, GOAL_FIRST_CELLS_MS, floor, "the HTML received without a browser");
  report("first cells, median", quantile(warm, 0.5), GOAL_FIRST_CELLS_MS, floor, "the same");

  const empty = await scrolling(async (page) => {
    await page.setContent(
      `<div data-testid="grid" style="height:800px;overflow:auto"><div style="width:9000px;height:90000px"></div></div>`,
    );
  });
  const large = await scrolling(async (page) => {
    await page.goto(server.url + path, { waitUntil: "networkidle" });
  });
  for (const direction of ["down", "sideways"]) {
    report(
      `script per frame, scrolling ${direction}, p95`,
      quantile(large[direction].script, 0.95),
      GOAL_SCRIPT_MS,
      quantile(empty[direction].script, 0.95),
      "an empty page of that size",
    );
    report(
      `style and layout per frame, scrolling ${direction}, p95`,
      quantile(large[direction].layout, 0.95),
      null,
      quantile(empty[direction].layout, 0.95),
      "the same",
    );
  }
} finally {
  await browser.close();
  await server.stop();
}
if (missed.length > 0) {
  console.error(`\nmissed: ${missed.join(", ")}`);
  process.exitCode = 1;
}

function flags() {
  return ["--config", "seamgrid.yaml", "--database", "sqlite://seamgrid.db"];
}

/** A recorded table of the size, and settings without any other source. */
function writeWorld() {
  rmSync(folder, { recursive: true, force: true });
  const dashboard = join(folder, "recorded/bench");
  mkdirSync(join(dashboard, "tables"), { recursive: true });
  writeFileSync(join(folder, "seamgrid.yaml"), "testgrid: {config: [], prow_jobs: []}\n");
  const hour = 3_600_000;
  const newest = Math.floor(Date.now() / hour) * hour;
  const builds = Array.from({ length: COLUMNS }, (_, column) => String(2_000_000 - column));
  const value = (column, every) => `v${Math.floor((COLUMNS - column) / every).toString(16).padStart(9, "0")}`;
  const random = generator(5_000);
  const tests = Array.from({ length: ROWS }, (_, row) => {
    // Real grids: almost all cells plainly passed, some rows flake, some broke for a while.
    const cells = new Array(COLUMNS).fill(1);
    if (row % 20 === 0) {
      for (let column = 0; column < COLUMNS; column += 1) {
        if (random() < 0.1) {
          cells[column] = random() < 0.5 ? 12 : 13;
        }
      }
    }
    if (row % 50 === 7) {
      const begin = Math.floor(random() * COLUMNS);
      cells.fill(12, begin, begin + 1 + Math.floor(random() * 30));
    }
    if (row % 9 === 3) {
      cells.fill(0, Math.floor(random() * COLUMNS));
    }
    cells.length = COLUMNS;
    const statuses = [];
    for (const status of cells) {
      const last = statuses.at(-1);
      if (last?.value === status) {
        last.count += 1;
      } else {
        statuses.push({ count: 1, value: status });
      }
    }
    const filled = cells.filter((status) => status !== 0);
    const name = `[sig-bench] component ${row % 97} should keep its promise number ${row} [Slow]`;
    return {
      name,
      "original-name": name,
      alert: null,
      linked_bugs: [],
      messages: filled.map((status) => (status === 12 ? "timed out waiting for the condition" : "")),
      short_texts: filled.map((status) => (status === 12 ? "F" : "")),
      statuses,
      target: name,
      user_property: null,
    };
  });
  writeFileSync(
    join(dashboard, "tables/large.json"),
    JSON.stringify({
      "test-group-name": "benchlarge",
      query: "bench/logs/large",
      status: "Served from cache in 0.1 seconds",
      changelists: builds,
      column_ids: builds.map((build) => `\ue000${build}`),
      "custom-columns": [
        builds.map((_, column) => value(column, 7)),
        builds.map((_, column) => value(column, 40)),
      ],
      "column-header-names": ["Date", "Time", "Build Number", "Commit", "Infra-Commit"],
      groups: tests.map(() => ""),
      metrics: [],
      tests,
      row_ids: tests.map((test) => test.name),
      timestamps: builds.map((_, column) => newest - column * hour),
      clusters: null,
      "stale-test-threshold": 10,
      "num-stale-tests": 0,
      "overall-status": 2,
    }),
  );
}

/** Milliseconds from the navigation until a frame with cells has been drawn. */
async function firstCells() {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    const look = () => {
      if (document.querySelector('[data-testid="grid"] [data-status]')) {
        // The frame that this is asked in draws them; the next one begins when they are seen.
        requestAnimationFrame(() => requestAnimationFrame((now) => (globalThis.firstCells = now)));
      } else {
        requestAnimationFrame(look);
      }
    };
    look();
  });
  await page.goto(server.url + path, { waitUntil: "commit" });
  const handle = await page.waitForFunction(() => globalThis.firstCells, null, { timeout: 30_000 });
  const time = await handle.jsonValue();
  await page.close();
  return time;
}

async function answerTime() {
  const begun = performance.now();
  const answer = await fetch(server.url + path);
  await answer.text();
  return performance.now() - begun;
}

/** Milliseconds of script, and of style and layout, for each frame of scrolling. */
async function scrolling(prepare) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await prepare(page);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  // What scrolls: the grid, or what is in it or around it.
  const found = await page.evaluate(() => {
    const grid = document.querySelector('[data-testid="grid"]');
    const scrolls = (element) =>
      element.scrollHeight > element.clientHeight * 1.5 &&
      ["auto", "scroll"].includes(getComputedStyle(element).overflowY);
    const around = [];
    for (let element = grid; element; element = element.parentElement) {
      around.push(element);
    }
    globalThis.scrolled =
      [...around, ...grid.querySelectorAll("*")].find(scrolls) ?? document.scrollingElement;
    globalThis.frame = (left, top) =>
      new Promise((done) => {
        globalThis.scrolled.scrollBy(left, top);
        // The scroll event comes before the next frame's callbacks; what it draws is in that frame.
        requestAnimationFrame(() => requestAnimationFrame(() => done(globalThis.scrolled.scrollTop)));
      });
    return globalThis.scrolled.scrollHeight;
  });
  if (found < 10_000) {
    throw new Error(`nothing in the grid scrolls far enough: ${found} pixels`);
  }
  const measured = {};
  for (const [direction, left, top] of [
    ["down", 0, 333],
    ["sideways", 47, 0],
  ]) {
    const script = [];
    const layout = [];
    let before = await times(session);
    for (let frame = 0; frame < FRAMES; frame += 1) {
      await page.evaluate(([left, top]) => globalThis.frame(left, top), [left, top]);
      const after = await times(session);
      script.push(after.script - before.script);
      layout.push(after.layout - before.layout);
      before = after;
    }
    measured[direction] = { script, layout };
  }
  await page.close();
  return measured;
}

async function times(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const value = (name) => 1_000 * (metrics.find((metric) => metric.name === name)?.value ?? Number.NaN);
  return {
    script: value("ScriptDuration"),
    layout: value("LayoutDuration") + value("RecalcStyleDuration"),
  };
}

function report(name, value, goal, floor, what) {
  const met = goal === null || value < goal;
  if (!met) {
    missed.push(name);
  }
  console.log(
    `${name.padEnd(52)} ${value.toFixed(1).padStart(8)} ms   ` +
      `${goal === null ? "no goal" : `goal ${goal} ms${met ? "" : " MISSED"}`}   ` +
      `floor ${floor.toFixed(1)} ms (${what})`,
  );
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Numbers from 0 to 1, the same in every run. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
