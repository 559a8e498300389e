// From any page to a test on every branch, by its name.

import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

test("a test is found from any page and seen on every branch", async ({ page, broken }) => {
  await page.goto("/");
  await hydrated(page);
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search everything" })).toBeFocused();
  const row = broken.grid.rows[0];
  await page.keyboard.type(row.id.split(/\W+/).slice(0, 6).join(" "));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/tests\?q=/);
  await page.getByTestId("search-kind").getByRole("link", { name: row.id, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(row.id);
  const line = page.getByTestId("test-on-tab").filter({ hasText: broken.tab.tab }).first();
  await expect(line).toBeVisible();
  await line.getByRole("link").first().click();
  await hydrated(page);
  await expect(page).toHaveURL(/\/d\//);
});

test("a slash filters where there is something to filter", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  await page.keyboard.press("/");
  await expect(page.locator("main").getByRole("searchbox").first()).toBeFocused();
});

test("a page without a program has the theme and the reader's time", async ({ page }) => {
  await page.goto("/tests?q=node");
  const dark = () => page.evaluate(() => document.documentElement.dataset.theme);
  const before = await dark();
  await page.getByRole("button", { name: /light and dark/ }).click();
  expect(await dark()).not.toBe(before);
  await page.reload();
  expect(await dark()).not.toBe(before);
});

test("a row's name leads to all about it", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const row = broken.grid.rows[0];
  await page.locator('[data-row="0"] .row__link').click();
  await page.getByRole("link", { name: "On a page of its own" }).click();
  await expect(page).toHaveURL(/\/rows\//);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(row.name);
  await expect(page.getByTestId("chart").first()).toBeVisible();
  await page.getByText("As a table").first().click();
  await expect(page.getByRole("columnheader", { name: "Duration in minutes" })).toBeVisible();
});
