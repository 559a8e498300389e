// TestGrid's addresses stand in thousands of issues; they must go on working.

import { expect, tabPath, test } from "./fixtures.mjs";

test("an old link lands on the tab with the same options", async ({ page, broken }) => {
  const { dashboard, tab } = broken.tab;
  await page.goto(`/${dashboard}#${encodeURIComponent(tab)}&sort-by-failures=&width=20`);
  await expect(page.getByTestId("grid")).toBeVisible();
  const url = new URL(page.url());
  expect(decodeURIComponent(url.pathname)).toBe(decodeURIComponent(tabPath(dashboard, tab)));
  expect(url.searchParams.has("sort-by-failures")).toBe(true);
  expect(url.searchParams.get("width")).toBe("20");
  expect(url.hash).toBe("");
});

test("an old link without a tab lands on the dashboard", async ({ page, broken }) => {
  const { dashboard } = broken.tab;
  for (const path of [`/${dashboard}`, `/${dashboard}#Summary`]) {
    await page.goto(path);
    await expect(page.getByTestId("dashboard")).toBeVisible();
    expect(new URL(page.url()).pathname).toBe(`/d/${encodeURIComponent(dashboard)}`);
  }
});

test("going back from an old link does not return to it", async ({ page, broken }) => {
  const { dashboard, tab } = broken.tab;
  await page.goto("/dashboards");
  await page.goto(`/${dashboard}#${encodeURIComponent(tab)}`);
  await expect(page.getByTestId("grid")).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL("/dashboards");
});
