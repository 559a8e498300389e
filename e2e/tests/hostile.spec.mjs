// Test names and messages are written by whoever sends a pull request.

import { DASHBOARD, MARK, NAMES, TAB } from "../hostile.mjs";
import { apiGrid, expect, hydrated, tabPath, test } from "./fixtures.mjs";

test("names and messages are shown and do nothing", async ({ page }) => {
  for (const path of ["/dashboards", `/d/${DASHBOARD}`, tabPath(DASHBOARD, TAB)]) {
    await page.goto(path);
    await hydrated(page);
    await expect(page).not.toHaveTitle(new RegExp(MARK));
    // Nothing of ours is an image, and no drawing has a handler.
    expect(await page.locator("img, [onerror], [onload], [onmouseover]").count(), path).toBe(0);
  }
  await expect(page.getByTestId("grid")).toContainText("<img src=x onerror=");
  const cells = page.getByTestId("grid").locator("[data-status][data-build]");
  await cells.first().hover();
  await expect(page.getByTestId("cell-tooltip")).toBeVisible();
  await expect(page).not.toHaveTitle(new RegExp(MARK));
});

test("a megabyte of a name is neither kept nor drawn", async ({ page, read }) => {
  const grid = await read(apiGrid(DASHBOARD, TAB));
  // One row for each name, and the job's own.
  expect(grid.rows.length).toBeGreaterThanOrEqual(NAMES.length);
  const long = grid.rows.find((row) => row.name.includes("one megabyte"));
  expect(long, "the row is lost").toBeDefined();
  expect(long.name.length).toBeLessThan(10_000);
  for (const row of grid.rows) {
    for (const cell of row.cells) {
      expect((cell.message ?? "").length).toBeLessThan(100_000);
    }
  }
  await page.goto(tabPath(DASHBOARD, TAB));
  const weight = await page.evaluate(() => document.documentElement.outerHTML.length);
  expect(weight).toBeLessThan(2_000_000);
});

test("text that runs backwards stays in its place", async ({ page }) => {
  await page.goto(tabPath(DASHBOARD, TAB));
  await hydrated(page);
  // The control characters themselves must not reach the page as they are.
  const text = await page.evaluate(() => document.body.innerText);
  expect(text).toContain("right to left");
  expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
});
