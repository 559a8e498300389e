// Pictures of every page in every state, light and dark, wide and narrow, into results/screens; some as
// they come out on paper and for who needs other colours. With `--keep` a small one of each, wide in light
// and narrow in dark, goes into snapshots/, which is kept with the project: who changes a page makes them
// anew and looks at them. Nothing compares them. With `--readme` also docs/screenshot.png. Serves a world of
// its own, to which an issue and a deploy that did not happen are told, unless SEAMGRID_URL names a server.
//
//   node screenshots.mjs [--keep] [--readme] [--only=PART OF A NAME]

import { Buffer } from "node:buffer";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

import { chromium } from "@playwright/test";

import { launchOptions } from "./browser.mjs";
import { DASHBOARD, TAB } from "./hostile.mjs";
import { options, prepareWorld, results, run, serve } from "./world.mjs";

const snapshots = join(results, "../snapshots");
const keep = process.argv.includes("--keep");
const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

/** Since when the database is silent where that is to be seen. */
const SILENT = new Date(Date.now() - 7 * 60_000).toISOString();

/** The page in which pictures are made smaller. */
let shrinking;

const server = process.env.SEAMGRID_URL
  ? { url: process.env.SEAMGRID_URL, stop: async () => {} }
  : await start();
const browser = await chromium.launch(launchOptions);
try {
  const found = await mostTelling(server.url);
  const pages = allPages(found);
  const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length);
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open({ viewport, colorScheme });
      for (const [name, { path, prepare }] of Object.entries(pages)) {
        if (!only || name.includes(only)) {
          await show(page, path, prepare);
          await picture(page, join(results, "screens", `${name}-${size}-${colorScheme}.png`));
          if (keep && (size === "wide") === (colorScheme === "light")) {
            await small(page, size === "wide" ? 0.6 : 0.8, join(snapshots, `${name}-${size}.jpg`));
          }
        }
      }
      await page.context().close();
    }
  }
  const { tab, row } = pages;
  for (const [name, shown, context] of [
    ["tab-smallest", tab, { viewport: { width: 320, height: 640 } }],
    ["row-smallest", row, { viewport: { width: 320, height: 640 } }],
    ["tab-contrast-light", tab, { viewport: sizes.wide, contrast: "more" }],
    ["tab-contrast-dark", tab, { viewport: sizes.wide, contrast: "more", colorScheme: "dark" }],
    ["tab-forced", tab, { viewport: sizes.wide, forcedColors: "active" }],
    ["overview-forced", pages.overview, { viewport: sizes.wide, forcedColors: "active" }],
    ["tab-without-script", tab, { viewport: sizes.wide, javaScriptEnabled: false }],
  ]) {
    if (!only || name.includes(only)) {
      const page = await open(context);
      await show(page, shown.path);
      await picture(page, join(results, "screens", `${name}.png`));
      await page.context().close();
    }
  }
  for (const name of ["tab", "row", "overview", "compare"]) {
    if (!only || name.includes(only)) {
      const page = await open({ viewport: sizes.wide });
      await show(page, pages[name].path);
      const path = join(results, "screens", `${name}-print.pdf`);
      await page.pdf({ path, preferCSSPageSize: true });
      console.log(path);
      await page.context().close();
    }
  }
  const seam = pages.seam.path;
  if (process.argv.includes("--readme")) {
    const page = await open({ viewport: { width: 1440, height: 860 } });
    await show(page, seam);
    await picture(page, join(results, "../../docs/screenshot.png"));
  }
} finally {
  await browser.close();
  await server.stop();
}

async function start() {
  const folder = join(results, "screens-world");
  prepareWorld(folder);
  // One that reads its sources, so that there is a state to tell of them.
  const server = await serve(folder, ...options);
  const created = run(folder, "token", "create", "--groups", "*", "--components", "*", "--name", "on-call", ...options);
  const headers = { authorization: `Bearer ${created.trim().split("\n").at(-1)}` };
  const tell = async (path, body) => {
    const answer = await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) {
      throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
    }
  };
  const { group, row, newest_ms: newest } = await mostTelling(server.url);
  await tell(`/api/v2/groups/${encodeURIComponent(group)}/rows/${encodeURIComponent(row)}/bugs`, {
    url: "https://github.com/kubernetes/test-infra/issues/14890",
    title: "Leases cannot be had",
  });
  await tell("/api/v2/deploys", {
    component: "boskos",
    version: "v20191030-5ca1ab1e0",
    environment: "prod",
    time: new Date(newest - 6 * 3_600_000).toISOString(),
    source: "https://github.com/kubernetes/test-infra/pull/14900",
  });
  return server;
}

/** Every page, and every state that a page can be in, by name. */
function allPages({ dashboard, tab, build, older, component, from, to, row, group, failing }) {
  const board = `/d/${encodeURIComponent(dashboard)}`;
  const path = `${board}/${encodeURIComponent(tab)}`;
  const builds = `dashboard=${encodeURIComponent(dashboard)}&tab=${encodeURIComponent(tab)}`;
  const infra = `/infra/${encodeURIComponent(component)}`;
  const paths = {
    overview: "/",
    dashboards: "/dashboards",
    group: "/g/sig-release",
    dashboard: board,
    tab: path,
    seam: `${path}?seam=${encodeURIComponent(build)}`,
    "tab-narrow-columns": `${path}?width=4`,
    "tab-filtered": `${path}?include-filter-by-regex=node`,
    "tab-nothing-left": `${path}?include-filter-by-regex=nothing-is-called-so`,
    "tab-wrong-pattern": `${path}?include-filter-by-regex=%28`,
    "tab-grouped": `${path}?group-by-hierarchy-pattern=${encodeURIComponent("^.*?\\[sig-[^\\]]+\\]|.+")}`,
    "tab-groups-open": `${path}?group-by-regex-mask=%5C%5B.*&expand-groups=&sort-by-name=`,
    hostile: `/d/${DASHBOARD}/${TAB}`,
    "hostile-rows": `/d/${DASHBOARD}/${TAB}/rows`,
    rows: `${path}/rows`,
    "rows-nothing-left": `${path}/rows?include-filter-by-regex=nothing-is-called-so`,
    row: `${path}/rows/${encodeURIComponent(row)}`,
    "row-failing": `/d/${encodeURIComponent(failing[0])}/${encodeURIComponent(failing[1])}/rows/${encodeURIComponent(failing[2])}`,
    "row-missing": `${path}/rows/no-such-row`,
    metrics: `${path}/metrics`,
    "metrics-unknown": `${path}/metrics?graph-metrics=no-such-metric`,
    search: "/tests?q=node",
    "search-commits": "/tests?q=boskos",
    "search-empty": "/tests",
    "search-nothing": "/tests?q=nothing-is-called-so",
    test: `/tests/${encodeURIComponent(row)}`,
    "test-by-day": `/tests/${encodeURIComponent(row)}?by=day`,
    infra: "/infra",
    "infra-component": infra,
    "infra-version": `${infra}/${encodeURIComponent(to)}`,
    compare: `/compare?component=${encodeURIComponent(component)}&from=${from}&to=${to}`,
    "compare-for-a-tab": `/compare?component=${encodeURIComponent(component)}&from=${from}&to=${to}&${builds}`,
    "compare-builds": `/compare?${builds}&older=${older}&newer=${build}`,
    "compare-unknown": `/compare?component=${encodeURIComponent(component)}&from=0000000&to=1111111`,
    changes: "/changes?since=0",
    "changes-nothing": "/changes?since=2100-01-01T00:00:00Z",
    "tab-pair": `${path}?older=${older}&newer=${build}`,
    cell: `${path}/cells/${build}?row=${encodeURIComponent(row)}`,
    status: "/status",
    source: `/status/${encodeURIComponent(group)}`,
    missing: "/d/no-such-dashboard",
    nowhere: "/no/such/page",
  };
  const pages = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, { path }]));
  const inside = (name, of, prepare) => (pages[name] = { path: pages[of].path, prepare });
  inside("row-linking", "row", async (page) => {
    await page.getByText("Link an issue").click();
    await page.getByTestId("bugs").scrollIntoViewIfNeeded();
  });
  inside("row-refused", "row", async (page) => {
    await page.getByText("Link an issue").click();
    await page.getByLabel("Address").fill("https://github.com/kubernetes/kubernetes/issues/1");
    await page.getByLabel("Token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing is changed").scrollIntoViewIfNeeded();
  });
  inside("row-days", "row", (page) => page.getByTestId("row-days").scrollIntoViewIfNeeded());
  const failed = (page) => page.getByTestId("grid").locator('.cell[data-status="FAIL"]').first();
  inside("tab-menu", "tab", async (page) => {
    await failed(page).click({ button: "right" });
    await page.getByTestId("cell-menu-items").waitFor();
  });
  inside("tab-hover", "tab", (page) => failed(page).hover());
  inside("infra-drift", "infra", (page) => page.locator('[data-drifts="true"]').first().scrollIntoViewIfNeeded());
  for (const of of ["overview", "dashboard", "tab", "infra"]) {
    inside(`outage-${of}`, of, async (page) => {
      await page.route("**/api/v2/health", (route) => route.fulfill({ json: { database_silent_since: SILENT } }));
      await page.reload({ waitUntil: "networkidle" });
      await page.getByTestId("outage").waitFor();
      await page.unroute("**/api/v2/health");
    });
  }
  inside("outage-problem", "dashboard", async (page) => {
    const error = { code: "unavailable", message: "The database gives no answer, and this is not in memory." };
    await page.route("**/api/v2/dashboards/*/tabs/**", (route) => route.fulfill({ status: 503, json: { error } }));
    await page.route("**/api/v2/health", (route) => route.fulfill({ json: { database_silent_since: SILENT } }));
    await page.getByRole("link", { name: tab, exact: true }).first().click();
    await page.getByTestId("problem").waitFor();
    await page.getByTestId("outage").waitFor();
    await page.unrouteAll();
  });
  inside("row-bottom", "row", (page) => page.evaluate(() => scrollTo(0, document.body.scrollHeight)));
  inside("tab-legend", "tab", async (page) => {
    await page.keyboard.press("?");
    await page.locator(".legend").scrollIntoViewIfNeeded();
  });
  inside("metrics-table", "metrics", (page) => page.getByText("As a table").first().click());
  return pages;
}

async function open(context) {
  const made = await browser.newContext({ timezoneId: "UTC", locale: "en-GB", ...context });
  return made.newPage();
}

async function show(page, path, prepare) {
  await page.goto(server.url + path, { waitUntil: "networkidle" });
  await page.evaluate(() => document.fonts.ready);
  await prepare?.(page);
}

/** A small picture, as it is kept: this part of the page's size. */
async function small(page, part, path) {
  const whole = await page.screenshot({ animations: "disabled" });
  shrinking ??= await open({});
  const made = await shrinking.evaluate(
    async ([png, part]) => {
      const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
      const picture = await createImageBitmap(new Blob([bytes]));
      const canvas = new OffscreenCanvas(picture.width * part, picture.height * part);
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.6 });
      const jpeg = new Uint8Array(await blob.arrayBuffer());
      return btoa(Array.from(jpeg, (byte) => String.fromCharCode(byte)).join(""));
    },
    [whole.toString("base64"), part],
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.from(made, "base64"));
  console.log(path);
}

async function picture(page, path) {
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path, animations: "disabled" });
  console.log(path);
}

/** The infra change that broke most rows of release dashboards, where it tells the most. */
async function mostTelling(url) {
  const read = async (path) => {
    const answer = await fetch(url + path);
    if (!answer.ok) {
      throw new Error(`${path} answers ${answer.status}`);
    }
    return answer.json();
  };
  const changes = new Map();
  let failing;
  for (const release of (await read("/api/v2/releases")).items) {
    for (const { dashboard, tab } of release.tiers.flatMap((tier) => tier.tabs)) {
      const grid = await read(
        `/api/v2/dashboards/${encodeURIComponent(dashboard)}/tabs/${encodeURIComponent(tab)}/grid`,
      );
      const alerted = grid.rows.find((known) => known.alert);
      failing ??= alerted && [dashboard, tab, alerted.id];
      for (const { kind, column, build, broke, component, from, to } of grid.transitions) {
        if (kind !== "infra" || !from) {
          continue;
        }
        const older = grid.columns[column + 1].build;
        const row = (alerted ?? grid.rows[0]).id;
        const { started_ms: newest_ms } = grid.columns[0];
        const seam = { dashboard, tab, build, broke, component, from, to, older, row, newest_ms };
        // The less else changed there, the less else can be why.
        const others = grid.transitions.filter((other) => other.column === column).length - 1;
        const told = broke > 0 ? 1_000 - 100 * others + broke : 0;
        const change = [component, from, to].join(" ");
        const { all, most, best } = changes.get(change) ?? { all: 0, most: -1 };
        const isBest = told > most;
        changes.set(change, { all: all + broke, most: Math.max(most, told), best: isBest ? seam : best });
      }
    }
  }
  const [told] = [...changes.values()].sort((a, b) => b.all - a.all);
  if (!told || !failing) {
    throw new Error("no tab of a release dashboard has an infra transition, or none has an alert");
  }
  const { best } = told;
  const { test_group: group } = await read(
    `/api/v2/dashboards/${encodeURIComponent(best.dashboard)}/tabs/${encodeURIComponent(best.tab)}`,
  );
  return { ...best, group, failing };
}
