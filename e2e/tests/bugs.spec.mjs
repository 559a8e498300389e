// Issues are linked to a row by people with a token, and taken off again.

import { dirname } from "node:path";
import process from "node:process";

import { options, run } from "../world.mjs";
import { expect, tabPath, test } from "./fixtures.mjs";

// Refusals are what is tested; the browser tells of each.
test.use({ provoked: /40[13]/ });

test("an issue is linked with the keyboard, seen on the tab's list and taken off", async ({ page, broken }) => {
  const folder = dirname(process.env.SEAMGRID_WORLD);
  const said = run(folder, "token", "create", "--groups", "*", "--name", "reader", ...options);
  const token = said.trim().split("\n").at(-1);
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
