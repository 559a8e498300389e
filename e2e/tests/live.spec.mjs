// Pages that stay open: what happens appears on them by itself.

import { join } from "node:path";

import { failAgain, options, prepareWorld, results, serve } from "../world.mjs";
import { expect, hearReload, hydrated, leaveAndReturn, tabPath, test } from "./fixtures.mjs";

/** A job that runs on, on a world of its own: the other tests expect that nothing changes. */
const JOB = "ci-kubernetes-verify-master";
const DASHBOARD = "sig-release-master-blocking";
const TAB = "verify-master";

const PASSING = "157a3d";
const FAILING = "c32f27";

/** How long the server may take to see what another process wrote, and the pages to follow. */
const SOON = { timeout: 30_000 };

test("what fails appears on every open page, without a reload and in its place", async ({ page }) => {
  test.setTimeout(180_000);
  const folder = join(results, "live-world");
  const truth = prepareWorld(folder);
  const server = await serve(folder, "--no-update", ...options);
  const context = page.context();
  const [dashboard, overview] = [await context.newPage(), await context.newPage()];
  // A list in a grid's place, and one that is a page of its own.
  const lists = [await context.newPage(), await context.newPage()];
  try {
    const read = async (path) => (await fetch(server.url + path)).json();
    const api = `/api/v2/dashboards/${DASHBOARD}`;
    const before = await read(`${api}/tabs/${TAB}/grid`);
    const seam = before.transitions.find((transition) => transition.kind === "infra" && transition.certain);
    await page.setViewportSize({ width: 900, height: 500 });
    await open(page, `${server.url}${tabPath(DASHBOARD, TAB)}?seam=${seam.build}`);
    await open(dashboard, `${server.url}/d/${DASHBOARD}`);
    await open(overview, `${server.url}/`);

    for (const [list, address] of [
      [lists[0], tabPath(DASHBOARD, TAB)],
      [lists[1], `${tabPath(DASHBOARD, TAB)}/rows`],
    ]) {
      await list.setViewportSize({ width: 340, height: 260 });
      await open(list, server.url + address);
      await expect(list.getByTestId("row-line").last()).toBeVisible();
      await list.getByTestId("row-line").nth(2).getByRole("link").focus();
      await list.getByTestId("row-line").nth(2).evaluate((line) => line.scrollIntoView({ block: "start" }));
    }
    const inSight = (list) =>
      list.evaluate(() => {
        const line = document.activeElement.closest("[data-row-id]");
        return { row: line?.dataset.rowId, top: line?.getBoundingClientRect().top, same: window.isTheSame };
      });
    const held = await Promise.all(lists.map(inSight));

    const grid = page.getByTestId("grid");
    await expect(grid).toHaveAttribute("data-whole", "true");
    await expect(page.getByTestId("seam-panel")).toContainText(seam.to.slice(0, 7));
    await expect.poll(() => icon(page)).toContain(PASSING);
    const failing = await count(dashboard);
    const cell = overview.getByTestId("tab-cell").filter({ hasText: TAB });
    await expect(cell).toHaveAttribute("data-status", "PASSING");
    await scroll(page, 120, 40);
    await scroll(overview, 0, 60);

    const ids = failAgain(folder, truth, JOB, 3);

    // The tab: three more columns, the same columns in sight, the panel still open.
    await expect(page.getByTestId("tab")).toHaveAttribute("data-status", "FAILING", SOON);
    const columns = before.columns.length;
    await expect.poll(() => columnsOf(grid), SOON).toBe(columns + ids.length);
    await expect(page.getByTestId("reason")).toContainText(ids[0]);
    await expect(page.getByTestId("seam-panel")).toContainText(seam.to.slice(0, 7));
    const width = await grid.evaluate((area) => Number.parseInt(area.style.getPropertyValue("--cell-width"), 10));
    expect(await place(page)).toEqual({ left: 120 + ids.length * width, top: 40, same: true });
    const newest = page.getByTestId("newest");
    await expect(newest).toContainText(`${ids.length} new builds`);
    // The panel lies over it in a window as low as this.
    await newest.dispatchEvent("click");
    await expect(newest).toBeHidden();
    expect((await place(page)).left).toBe(0);
    await expect.poll(() => icon(page)).toContain(FAILING);

    // The dashboard: the block is among the worst now, and the title counts it.
    const block = dashboard.getByTestId("tab-block").filter({ has: dashboard.getByRole("link", { name: TAB, exact: true }) });
    await expect(block).toHaveAttribute("data-status", "FAILING", SOON);
    await expect(block.getByTestId("failing-row")).toHaveCount(1);
    await expect.poll(() => count(dashboard)).toBe(failing + 1);
    await expect.poll(() => icon(dashboard)).toContain(FAILING);
    expect((await place(dashboard)).same).toBe(true);

    // The overview: the cell, in its place.
    await expect(cell).toHaveAttribute("data-status", "FAILING", SOON);
    expect(await overview.evaluate(() => [window.scrollY, window.isTheSame])).toEqual([60, true]);

    // The lists: what fails is first now, and the row that is looked at is where it was.
    for (const [index, list] of lists.entries()) {
      await expect(list.getByRole("status").filter({ hasText: "New results" })).toHaveCount(1, SOON);
      await expect(list.getByTestId("row-line").first()).toContainText("3 failures since it passed");
      const [before, now] = [held[index], await inSight(list)];
      expect(before.row).toBeTruthy();
      expect([now.row, now.same]).toEqual([before.row, true]);
      // Whole pixels are scrolled.
      expect(Math.abs(now.top - before.top)).toBeLessThanOrEqual(1);
    }
  } finally {
    for (const list of lists) {
      await list.close();
    }
    await dashboard.close();
    await overview.close();
    await page.goto("about:blank");
    await server.stop();
  }
});

test("new rows move neither what is looked at nor the menu that is open", async ({ page, baseURL }) => {
  const path = `/api/v2/dashboards/${DASHBOARD}/tabs/${TAB}`;
  const [tab, grid] = await Promise.all(
    [path, `${path}/grid`].map(async (path) => (await fetch(baseURL + path)).json()),
  );
  await open(page, baseURL + tabPath(DASHBOARD, TAB));
  const area = page.getByTestId("grid");
  await expect(area).toHaveAttribute("data-whole", "true");
  // So low that it scrolls.
  await area.evaluate((area) => {
    area.style.height = `${area.querySelector(".head").offsetHeight + 110}px`;
    area.scrollTop = 66;
  });
  await expect.poll(() => area.evaluate((area) => area.scrollTop)).toBe(66);
  const first = () =>
    area.evaluate((area) => {
      const edge = area.querySelector(".head").getBoundingClientRect().bottom;
      const rows = [...area.querySelectorAll(".row")].filter((row) => row.getBoundingClientRect().bottom > edge + 1);
      rows.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
      return [rows[0].querySelector(".row__name").title, Math.round(rows[0].getBoundingClientRect().top - edge)];
    });
  const before = await first();
  await area.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("m");
  const menu = page.getByTestId("cell-menu");
  await expect(menu.getByRole("menuitem").first()).toBeFocused();

  const failing = (number) => ({
    ...grid.rows[0],
    id: `new ${number}`,
    name: `new ${number}`,
    alert: { ...grid.rows.find((row) => row.alert)?.alert, first_fail_ms: grid.columns[0].started_ms },
  });
  const rows = [failing(1), failing(2), failing(3), ...grid.rows];
  await page.route(`**${path}`, (route) => route.fulfill({ json: { ...tab, grid_version: "new" } }));
  await page.route(`**${path}/grid*`, (route) => route.fulfill({ json: { ...grid, rows, version: "new" } }));
  await hearReload(page);
  await expect.poll(() => area.evaluate((area) => area.scrollTop)).toBe(66 + 3 * 22);
  expect(await first()).toEqual(before);
  await expect(menu.getByRole("menuitem").first()).toBeFocused();
});

test("a page asks again when a server answers that is behind the one that told it", async ({ page, context }) => {
  test.setTimeout(180_000);
  const folder = join(results, "behind-world");
  const truth = prepareWorld(folder);
  const server = await serve(folder, "--no-update", ...options);
  const pages = [page, await context.newPage(), await context.newPage(), await context.newPage()];
  const [tab, overview, list, infra] = pages;
  try {
    await open(tab, server.url + tabPath(DASHBOARD, TAB));
    await open(overview, `${server.url}/`);
    await open(list, `${server.url}${tabPath(DASHBOARD, TAB)}/rows`);
    await open(infra, `${server.url}/infra`);
    const cell = overview.getByTestId("tab-cell").filter({ hasText: TAB });
    await expect(cell).toHaveAttribute("data-status", "PASSING");
    // The first two answers to each question after the change are those from before it.
    const paths = [
      `/api/v2/dashboards/${DASHBOARD}/tabs/${TAB}`,
      "/api/v2/releases",
      `${tabPath(DASHBOARD, TAB)}/rows?part=`,
      "/infra",
    ];
    for (const path of paths) {
      const answer = await fetch(server.url + path);
      const known = { body: await answer.text(), contentType: answer.headers.get("content-type") };
      let behind = 2;
      await context.route(server.url + path, async (route) => {
        if (behind > 0 && route.request().resourceType() === "fetch") {
          behind -= 1;
          await route.fulfill(known);
        } else {
          await route.continue();
        }
      });
    }

    failAgain(folder, truth, JOB, 3);

    await expect(tab.getByTestId("tab")).toHaveAttribute("data-status", "FAILING", SOON);
    await expect(cell).toHaveAttribute("data-status", "FAILING", SOON);
    await expect(list.getByTestId("row-line").first()).toContainText("3 failures since it passed", SOON);
    await expect(infra.getByTestId("renewed")).toContainText("something new", { timeout: 60_000 });
    for (const one of pages) {
      expect(await one.evaluate(() => window.isTheSame)).toBe(true);
    }
  } finally {
    for (const one of pages) {
      await one.goto("about:blank");
    }
    await server.stop();
  }
});

test("a page that went out of sight catches up when it is seen again", async ({ page, baseURL }) => {
  const connections = [];
  page.on("request", (request) => {
    if (request.resourceType() === "eventsource") {
      connections.push(request.url());
    }
  });
  await open(page, `${baseURL}/`);
  await expect.poll(() => connections.length).toBe(1);
  await leaveAndReturn(page);
  await expect.poll(() => connections.length).toBe(2);
});

async function open(page, url) {
  await page.goto(url);
  await hydrated(page);
  // Lost when the page is loaded again.
  await page.evaluate(() => {
    window.isTheSame = true;
  });
}

/** Scrolls the page down and the grid to the right. */
async function scroll(page, left, top) {
  await page.evaluate(
    ([left, top]) => {
      window.scrollTo(0, top);
      document.querySelector('[data-testid="grid"]')?.scrollTo(left, 0);
    },
    [left, top],
  );
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(top);
}

function place(page) {
  return page.evaluate(() => ({
    left: document.querySelector('[data-testid="grid"]')?.scrollLeft,
    top: window.scrollY,
    same: window.isTheSame === true,
  }));
}

function columnsOf(grid) {
  return grid.evaluate((area) => Number.parseInt(area.style.getPropertyValue("--columns"), 10));
}

/** What the title says of how much fails. */
async function count(page) {
  return Number(/^\((\d+)\) /.exec(await page.title())?.[1] ?? 0);
}

/** The icon that a browser shows: the last. */
function icon(page) {
  return page.evaluate(() => [...document.querySelectorAll("link[rel=icon]")].at(-1).href);
}
