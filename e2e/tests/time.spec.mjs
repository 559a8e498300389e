// Times are the reader's: the computer's zone, or the one that was chosen, on every page.

import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

test.use({ timezoneId: "Asia/Tokyo" });

/** A moment as the pages write it, in this zone. */
function written(iso, timeZone) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(new Date(iso));
  const of = (type) => parts.find((part) => part.type === type).value;
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  return `${Number(of("day"))} ${months[of("month") - 1]} ${of("year")} ${of("hour")}:${of("minute")}`;
}

/** A time of a page with the text that it has. */
async function shownTime(page) {
  const time = page.locator("main time", { hasText: /\d{4} \d\d:\d\d/ }).first();
  await expect(time).toBeVisible();
  return { iso: await time.getAttribute("datetime"), text: (await time.textContent()).trim() };
}

test("times are local, until another zone is chosen, which is kept", async ({ page, broken }) => {
  const rowPage = `${tabPath(broken.tab.dashboard, broken.tab.tab)}/rows/${encodeURIComponent(
    broken.grid.rows.find((row) => row.alert)?.id ?? broken.grid.rows[0].id,
  )}`;
  await page.goto(rowPage);
  let time = await shownTime(page);
  expect(time.text).toBe(written(time.iso, "Asia/Tokyo"));

  const zone = page.getByTestId("zone");
  await zone.focus();
  await zone.selectOption("America/New_York");
  time = await shownTime(page);
  expect(time.text).toBe(written(time.iso, "America/New_York"));
  await page.reload();
  time = await shownTime(page);
  expect(time.text).toBe(written(time.iso, "America/New_York"));
  await expect(page.getByTestId("zone")).toHaveValue("America/New_York");

  await page.getByTestId("zone").selectOption("UTC");
  time = await shownTime(page);
  expect(time.text).toBe(`${written(time.iso, "UTC")} UTC`);
});

test("the grid's days and hours are the reader's, at once when another zone is chosen", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const newest = new Date(broken.grid.columns[0].started_ms);
  const clock = (timeZone) =>
    newest.toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  const day = (timeZone) =>
    newest.toLocaleDateString("sv-SE", { timeZone }).slice(5);
  const grid = page.getByTestId("grid");
  const row = (label) => grid.locator(".head__row", { hasText: label }).locator(".group").first();
  await expect(grid.locator(".head__label", { hasText: "Time (local)" })).toBeVisible();
  await expect(row("Time (")).toContainText(clock("Asia/Tokyo"));
  await expect(row("Date")).toContainText(day("Asia/Tokyo"));

  const zone = page.getByTestId("zone");
  await zone.focus();
  await zone.selectOption("America/Los_Angeles");
  await expect(grid.locator(".head__label", { hasText: "Time (Los Angeles)" })).toBeVisible();
  await expect(row("Time (")).toContainText(clock("America/Los_Angeles"));
  await expect(row("Date")).toContainText(day("America/Los_Angeles"));
});

test("ages grow while a page is looked at", async ({ page }) => {
  await page.clock.install();
  await page.goto("/status");
  const age = page.getByTestId("source").first().locator("time").first();
  const iso = await age.getAttribute("datetime");
  await page.clock.fastForward(3 * 3_600_000);
  const hours = Math.floor(((await page.evaluate(() => Date.now())) - Date.parse(iso)) / 3_600_000);
  await expect(age).toHaveText(hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`);
});
