// Issues are linked to a row by people with a token, and taken off again.

import { dirname } from "node:path";
import process from "node:process";

import { options, run } from "../world.mjs";
import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

// Refusals are what is tested; the browser tells of each.
test.use({ provoked: /40[13]/ });

/** A token that may write everything. */
function newToken(name) {
  const folder = dirname(process.env.SEAMGRID_WORLD);
  const said = run(folder, "token", "create", "--groups", "*", "--name", name, ...options);
  return said.trim().split("\n").at(-1);
}

test("an issue is linked with the keyboard, seen on the tab's list and taken off", async ({ page, broken }) => {
  const token = newToken("reader");
  const tab = tabPath(broken.tab.dashboard, broken.tab.tab);
  const row = broken.grid.rows.find((row) => row.alert) ?? broken.grid.rows[0];
  await page.goto(`${tab}/rows/${encodeURIComponent(row.id)}`);
  await page.getByText("Link an issue").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Address").fill("https://github.com/kubernetes/kubernetes/issues/424242");
  await page.getByLabel("Token").fill("seamgrid_wrong");
  await page.keyboard.press("Enter");
  const alert = page.getByTestId("bugs").getByRole("alert");
  await expect(alert).toHaveText("Nothing is changed: there is no such token.");

  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  const bug = page.getByTestId("bug").filter({ hasText: "kubernetes/kubernetes#424242" });
  await expect(bug).toBeVisible();
  await expect(bug).toContainText("linked by reader");

  await page.goto("/tests?q=424242");
  await expect(page.locator('[data-kind="bugs"]')).toContainText("kubernetes/kubernetes#424242");

  await page.goto(`${tab}/rows/${encodeURIComponent(row.id)}`);
  // The token is known as long as the browser's tab is open.
  await bug.getByRole("button", { name: "Unlink" }).click();
  await expect(page.getByText("None yet.")).toBeVisible();
});

test("beside the grid an issue is linked as on the row's page, and the grid stays as it is", async ({ page, broken }) => {
  const token = newToken("onlooker");
  const tab = tabPath(broken.tab.dashboard, broken.tab.tab);
  const row = broken.grid.rows.find((row) => row.alert) ?? broken.grid.rows[0];
  await page.goto(`${tab}?about=${encodeURIComponent(row.id)}`);
  await hydrated(page);
  const panel = page.getByTestId("row-panel");
  await page.evaluate(() => {
    globalThis.here = true;
  });
  await panel.getByText("Link an issue").click();
  await panel.getByLabel("Address").fill("https://github.com/kubernetes/kubernetes/issues/434343");
  await panel.getByLabel("Token").fill("seamgrid_wrong");
  await page.keyboard.press("Enter");
  await expect(panel.getByTestId("bugs").getByRole("alert")).toHaveText(
    "Nothing is changed: there is no such token.",
  );
  await panel.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  const bug = panel.getByTestId("bug").filter({ hasText: "kubernetes/kubernetes#434343" });
  await expect(bug).toContainText("linked by onlooker");
  await expect(page.getByTestId("grid")).toBeVisible();
  // Who pressed a key there goes on there; nothing was loaded anew.
  await expect(panel.locator(".bugs summary")).toBeFocused();
  expect(await page.evaluate(() => globalThis.here)).toBe(true);
  expect(page.url()).toContain("about=");
  await bug.getByRole("button", { name: "Unlink" }).click();
  await expect(panel.getByText("None yet.")).toBeVisible();
});
