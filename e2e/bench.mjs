// What a person waits for in the browser: until cells are on the screen, how much script a frame of
// scrolling takes, how long a letter in the filter. Each figure stands beside its goal, and beside its
// floor where there is one: the same without us.

import { join } from "node:path";
import process from "node:process";

import { chromium } from "@playwright/test";

import { firstCells, heap, jump, load, longScroll, open, scrolling, typing } from "./bench/page.mjs";
import { writeTables } from "./bench/tables.mjs";
import { launchOptions } from "./browser.mjs";
import { options, prepareWorld, results, run, serve } from "./world.mjs";

const LOADS = 7;
const FRAMES = 150;
const LARGE = "5,000 × 1,000";
const MEDIAN = "256 × 45";
const MEGABYTE = 1 << 20;

const missed = [];
const browser = await chromium.launch(launchOptions);
try {
  await tabs();
  await overview();
} finally {
  await browser.close();
}
if (missed.length > 0) {
  console.error(`\nmissed: ${missed.join(", ")}`);
  process.exitCode = 1;
}

async function tabs() {
  const folder = join(results, "bench");
  const flags = ["--config", "seamgrid.yaml", "--database", "sqlite://seamgrid.db"];
  const paths = writeTables(folder);
  run(folder, "import", "recorded", ...flags);
  const server = await serve(folder, "--no-update", ...flags);
  try {
    for (const [size, path] of Object.entries(paths)) {
      await loads(size, server.url + path);
    }
    await large(server.url + paths[LARGE]);
  } finally {
    await server.stop();
  }
}

/** How long cells take: the first of all, with nothing kept, and with all files kept. */
async function loads(size, url) {
  const goals = size === MEDIAN ? [400, 250] : [1_200, 1_200];
  const first = await fresh((page) => firstCells(page, url));
  const cold = await repeat(() => fresh((page) => firstCells(page, url)));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const kept = async () => {
    const page = await open(browser, context);
    const time = await firstCells(page, url);
    await page.waitForLoadState("networkidle");
    await page.close();
    return time;
  };
  await kept();
  const warm = await repeat(kept);
  await context.close();
  const answers = await repeat(() => answerTime(url));
  const floor = [quantile(answers, 0.5), "the HTML received without a browser"];
  report(`${size}: first cells, first of all`, first, "ms", goals[0], floor);
  report(`${size}: first cells, nothing kept, median`, quantile(cold, 0.5), "ms", goals[0], floor);
  report(`${size}: first cells, files kept, median`, quantile(warm, 0.5), "ms", goals[1], floor);
}

async function large(url) {
  const page = await open(browser);
  const { whole, bytes, shift } = await load(page, url);
  report(`${LARGE}: all rows in the browser`, whole, "ms", 3_000);
  report(`${LARGE}: transferred`, bytes / MEGABYTE, "MB", 1.5);
  report(`${LARGE}: layout shift`, shift, "", 0.02);

  const moved = await scrolling(page, FRAMES);
  const empty = await fresh(async (page) => {
    await page.setContent(
      `<div data-testid="grid" style="height:800px;overflow:auto"><div style="width:9000px;height:90000px"></div></div>`,
    );
    return scrolling(page, FRAMES);
  });
  for (const direction of ["down", "sideways"]) {
    const floor = (of) => [quantile(empty[direction][of], 0.95), "an empty page of that size"];
    const script = moved[direction].script;
    report(`script per frame, scrolling ${direction}, p95`, quantile(script, 0.95), "ms", 8, floor("script"));
    report(`script per frame, scrolling ${direction}, worst`, Math.max(...script), "ms", 50);
    const layout = quantile(moved[direction].layout, 0.95);
    report(`style and layout per frame, scrolling ${direction}, p95`, layout, "ms", null, floor("layout"));
  }
  // A jump draws everything anew, which scrolling never does.
  report("a jump from far away to the first cell", await jump(page), "ms", null);
  const frames = await longScroll(page, 10_000);
  report("frames of ten seconds of scrolling, p95", quantile(frames, 0.95), "ms", null);
  report("frames of ten seconds of scrolling, worst", Math.max(...frames), "ms", 50);

  const letters = await typing(page, "number 49");
  report("a letter in the filter, median", quantile(letters, 0.5), "ms", 50);
  report("a letter in the filter, worst", Math.max(...letters), "ms", 50);

  const { script, wasm } = await heap(page);
  report("script's and program's memory", (script + wasm) / MEGABYTE, "MB", 150);
  await page.context().close();
}

/** The overview of a world with release branches. */
async function overview() {
  const folder = join(results, "bench-overview");
  prepareWorld(folder);
  const server = await serve(folder, "--no-update", ...options);
  try {
    await fresh((page) => load(page, `${server.url}/`));
    const seen = await repeat(() => fresh((page) => load(page, `${server.url}/`)));
    const median = (of) => quantile(seen.map((one) => one[of]), 0.5);
    report("overview: largest paint, nothing kept", median("lcp"), "ms", 1_000);
    report("overview: blocked in all", median("blocked"), "ms", 150);
    report("overview: layout shift", median("shift"), "", 0.02);
    report("overview: transferred", median("bytes") / MEGABYTE, "MB", null);
  } finally {
    await server.stop();
  }
}

/** Does something with a page that has nothing kept. */
async function fresh(work) {
  const page = await open(browser);
  try {
    return await work(page);
  } finally {
    await page.context().close();
  }
}

async function repeat(work) {
  const all = [];
  for (let turn = 0; turn < LOADS; turn += 1) {
    all.push(await work());
  }
  return all;
}

async function answerTime(url) {
  const begun = performance.now();
  const answer = await fetch(url);
  await answer.text();
  return performance.now() - begun;
}

function report(name, value, unit, goal, floor) {
  // What was not seen is missed.
  const met = goal === null || value <= goal;
  if (!met || value === null || Number.isNaN(value)) {
    missed.push(name);
  }
  const digits = unit === "ms" ? 1 : 3;
  const shown = value === null ? "not seen" : value.toFixed(digits);
  const beside = goal === null ? "no goal" : `goal ${goal} ${unit}${met ? "" : " MISSED"}`;
  const below = floor ? `   floor ${floor[0].toFixed(1)} ms (${floor[1]})` : "";
  console.log(`${name.padEnd(56)} ${shown.padStart(9)} ${unit.padEnd(2)}   ${beside}${below}`);
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
