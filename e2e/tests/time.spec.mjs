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
  const time = page.getByTestId("failure").locator("time").first();
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

test("what hovering over a run tells is the reader's, and so are the ends of charts", async ({ page, broken }) => {
  const { dashboard, tab, strip } = broken.tab;
  await page.goto(`/d/${encodeURIComponent(dashboard)}`);
  await hydrated(page);
  const block = page.getByTestId("tab-block").filter({ has: page.getByRole("link", { name: tab, exact: true }) });
  const run = block.locator(".strip__run").first();
  const begins = (text) => new RegExp(`^${text}: `);
  await run.hover();
  await expect(run).toHaveAttribute("title", begins(written(strip[0].started, "Asia/Tokyo")));
  const choose = async (name) => {
    const zone = page.getByTestId("zone");
    await zone.focus();
    await zone.selectOption(name);
  };
  await choose("America/New_York");
  await run.hover();
  await expect(run).toHaveAttribute("title", begins(written(strip[0].started, "America/New_York")));

  await page.goto(`${tabPath(dashboard, tab)}/rows/${encodeURIComponent(broken.grid.rows[0].id)}`);
  const newest = new Date(broken.grid.columns[0].started_ms).toISOString();
  const end = page.locator(".chart__end").first();
  await expect(end).toHaveText(written(newest, "America/New_York"));
  const point = page.locator(".chart__point").first();
  await point.hover();
  const year = newest.slice(0, 4);
  await expect(point.locator("title")).toContainText(year);
  await expect(point.locator("title")).not.toContainText("UTC");
  await choose("UTC");
  await expect(end).toHaveText(`${written(newest, "UTC")} UTC`);
  await point.hover();
  await expect(point.locator("title")).toContainText("UTC");
});

test("what is said above a grid and beside it is in the reader's zone, too", async ({ page, broken }) => {
  const { dashboard, tab } = broken.tab;
  const row = broken.grid.rows[0].id;
  // A change that broke much is named on the tab; here as the server words it.
  const said = "boskos a → b broke 9 test groups since 20 Nov 2026 20:39 UTC; 2 still run it.";
  await page.route("**/api/v2/dashboards/*/tabs/*", async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({ response: answer, json: { ...body, notes: [{ text: said, url: "/infra" }] } });
  });
  // Drawn in the browser, the page asks for what it is drawn from.
  await page.goto(`/d/${encodeURIComponent(dashboard)}`);
  await hydrated(page);
  await page.locator(`main a[href="${tabPath(dashboard, tab)}"]`).first().click();
  const note = page.getByTestId("notes").getByRole("link");
  await expect(note).toHaveText(said.replace("20 Nov 2026 20:39 UTC", "21 Nov 2026 05:39"));
  await expect(note).toHaveAttribute("title", said);
  const zone = page.getByTestId("zone");
  await zone.focus();
  await zone.selectOption("America/New_York");
  await expect(note).toContainText("20 Nov 2026 15:39;");

  await page.goto(`${tabPath(dashboard, tab)}?about=${encodeURIComponent(row)}`);
  await hydrated(page);
  const newest = new Date(broken.grid.columns[0].started_ms).toISOString();
  const end = page.getByTestId("row-panel").locator(".chart__end").first();
  await expect(end).toHaveText(written(newest, "America/New_York"));
  await zone.focus();
  // The computer's own.
  await zone.selectOption("");
  await expect(end).toHaveText(written(newest, "Asia/Tokyo"));
  await zone.selectOption("UTC");
  await expect(end).toHaveText(`${written(newest, "UTC")} UTC`);
});

test("ages grow while a page is looked at", async ({ page, broken }) => {
  await page.clock.install();
  await page.goto(`/tests?q=${broken.grid.columns[0].build}`);
  const age = page.locator('[data-kind="builds"] time').first();
  const iso = await age.getAttribute("datetime");
  await page.clock.fastForward(3 * 3_600_000);
  const hours = Math.floor(((await page.evaluate(() => Date.now())) - Date.parse(iso)) / 3_600_000);
  await expect(age).toHaveText(hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`);
});
