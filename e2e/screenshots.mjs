// Pictures of every page, light and dark, wide and narrow, into results/screens. With `--readme` also
// docs/screenshot.png. Serves a world of its own unless SEAMGRID_URL names a server.
//
//   node screenshots.mjs [--readme]

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

import { chromium } from "@playwright/test";

import { launchOptions } from "./browser.mjs";
import { DASHBOARD, TAB } from "./hostile.mjs";
import { options, prepareWorld, results, serve } from "./world.mjs";

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

const server = process.env.SEAMGRID_URL
  ? { url: process.env.SEAMGRID_URL, stop: async () => {} }
  : await start();
const browser = await chromium.launch(launchOptions);
try {
  const found = await mostTelling(server.url);
  const tab = `/d/${encodeURIComponent(found.dashboard)}/${encodeURIComponent(found.tab)}`;
  const seam = `${tab}?seam=${encodeURIComponent(found.build)}`;
  const pages = {
    overview: "/",
    dashboards: "/dashboards",
    group: "/g/sig-release",
    dashboard: `/d/${encodeURIComponent(found.dashboard)}`,
    tab,
    seam,
    hostile: `/d/${DASHBOARD}/${TAB}`,
    missing: "/d/no-such-dashboard",
  };
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(viewport, colorScheme);
      for (const [name, path] of Object.entries(pages)) {
        await show(page, path);
        await picture(page, join(results, "screens", `${name}-${size}-${colorScheme}.png`));
      }
      await page.context().close();
    }
  }
  if (process.argv.includes("--readme")) {
    const page = await open({ width: 1440, height: 860 }, "light");
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
  return serve(folder, "--no-update", ...options);
}

async function open(viewport, colorScheme) {
  const context = await browser.newContext({ viewport, colorScheme, timezoneId: "UTC", locale: "en-GB" });
  return context.newPage();
}

async function show(page, path) {
  await page.goto(server.url + path, { waitUntil: "networkidle" });
  await page.evaluate(() => document.fonts.ready);
}

async function picture(page, path) {
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path, animations: "disabled" });
  console.log(path);
}

/** The infra transition of a release dashboard across which most rows broke. */
async function mostTelling(url) {
  const read = async (path) => {
    const answer = await fetch(url + path);
    if (!answer.ok) {
      throw new Error(`${path} answers ${answer.status}`);
    }
    return answer.json();
  };
  let best;
  for (const release of (await read("/api/v2/releases")).items) {
    for (const { dashboard, tab } of release.tiers.flatMap((tier) => tier.tabs)) {
      const grid = await read(
        `/api/v2/dashboards/${encodeURIComponent(dashboard)}/tabs/${encodeURIComponent(tab)}/grid`,
      );
      for (const { kind, build, broke } of grid.transitions) {
        if (kind === "infra" && broke > (best?.broke ?? -1)) {
          best = { dashboard, tab, build, broke };
        }
      }
    }
  }
  if (!best) {
    throw new Error("no tab of a release dashboard has an infra transition");
  }
  return best;
}
