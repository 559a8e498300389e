// Whoever comes back is told how much changed, and sees what.

import { expect, hydrated, test } from "./fixtures.mjs";

const HOUR = 60 * 60 * 1000;

test("who comes back sees what changed since they last looked", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  const link = page.getByRole("link", { name: "Changes" });
  // The first visit: nothing was seen before.
  await expect(link).not.toHaveAttribute("data-count");

  // What the last visit saw was six days ago.
  const since = Date.now() - 6 * 24 * HOUR;
  await page.evaluate((since) => localStorage.setItem("looked", JSON.stringify({ since, seen: since })), since);
  await page.goto("/");
  await hydrated(page);
  await expect(link).toHaveAttribute("data-count", /^[1-9]/);
  const count = await link.getAttribute("data-count");
  await link.click();
  await expect(page).toHaveURL(new RegExp(`since=${since}`));
  await expect(page.getByTestId("changes")).toHaveAttribute("data-count", count);
  await expect(page.getByTestId("infra-change").first()).toBeVisible();

  // What was looked at is no news.
  await page.goto("/");
  await hydrated(page);
  await expect(link).not.toHaveAttribute("data-count");
});
