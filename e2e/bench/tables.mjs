// The tables that are measured: one of 5,000 rows and 1,000 columns that is made here, and recorded ones of
// TestGrid's, where the folder with the recordings is there.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROWS = 5_000;
export const COLUMNS = 1_000;

const RECORDED = "4.8GA/redhat-openshift-ocp-release-4.8-informing/tables";

/** What is recorded, by what it is called here. */
const recordings = {
  "256 × 45": "periodic-ci-openshift-release-master-ci-4.8-e2e-openstack-serial",
  "1,288 × 1,362": "promote-release-openshift-machine-os-content-e2e-aws-4.8",
};

/**
 * Writes settings without any source and the tables into `folder`, to be imported from `recorded`. Answers
 * the path of each tab's page by the size of its table.
 */
export function writeTables(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "seamgrid.yaml"), "testgrid: {config: [], prow_jobs: []}\n");
  writeLarge(folder);
  return { "5,000 × 1,000": "/d/bench/large", ...unpackRecorded(folder) };
}

function unpackRecorded(folder) {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = process.env.SEAMGRID_SHARED
    ? [process.env.SEAMGRID_SHARED]
    : ["../../../shared", "../../../../shared"].map((path) => join(here, path));
  const archive = places
    .map((place) => join(place, "data/testgrid-captures/openshift-sippy-historical/4.8GA.tar.zst"))
    .find((path) => existsSync(path));
  if (!archive) {
    console.log(`left out: the recorded tables; SEAMGRID_SHARED names the folder that has them`);
    return {};
  }
  const into = join(folder, "recorded");
  const members = Object.values(recordings).map((tab) => `${RECORDED}/${tab}.json`);
  const unpacked = spawnSync(
    "tar",
    ["--extract", "--use-compress-program=zstd -d --long=27", "--file", archive, "--directory", into, ...members],
    { encoding: "utf8" },
  );
  if (unpacked.status !== 0) {
    console.log(`left out: the recorded tables, which tar and zstd cannot unpack: ${unpacked.stderr ?? unpacked.error}`);
    return {};
  }
  const dashboard = RECORDED.split("/")[1];
  return Object.fromEntries(
    Object.entries(recordings).map(([size, tab]) => [size, `/d/${dashboard}/${tab}`]),
  );
}

/** A table of the size, as TestGrid would answer it. */
function writeLarge(folder) {
  const dashboard = join(folder, "recorded/bench");
  mkdirSync(join(dashboard, "tables"), { recursive: true });
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

/** Numbers from 0 to 1, the same in every run. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
