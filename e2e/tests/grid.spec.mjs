// Inside the grid: the menu of a cell, what is hidden, how wide columns are.

import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

async function open(page, broken, query = "") {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab) + query);
  await hydrated(page);
  await expect(page.getByTestId("grid")).toHaveAttribute("data-whole", "true");
}

function width(page) {
  return page
    .getByTestId("grid")
    .evaluate((area) => Number.parseInt(area.style.getPropertyValue("--cell-width"), 10));
}

test("a cell has a menu, by mouse and by keyboard", async ({ page, broken }) => {
  await open(page, broken);
  const cell = page.locator('.row__cells a.cell[data-status="FAIL"]').first();
  const build = await cell.getAttribute("data-build");
  await cell.click({ button: "right" });
  const menu = page.getByTestId("cell-menu");
  const items = menu.getByRole("menuitem");
  await expect(items.first()).toBeFocused();
  await expect(items.first()).toContainText("Open the build");
  await page.keyboard.press("ArrowUp");
  await expect(items.last()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(page.getByTestId("grid")).toBeFocused();

  await page.keyboard.press("m");
  await expect(items.first()).toBeFocused();
  const bug = new URL(await items.filter({ hasText: "File a bug" }).getAttribute("href")).searchParams.get("body");
  const column = broken.grid.columns.find((column) => column.build === build);
  for (const version of [...column.infra, ...column.product]) {
    expect(bug).toContain(`${version.component}: `);
  }
  await expect(items.filter({ hasText: "All about this row" })).toHaveAttribute("href", /\/rows\//);
  await expect(items.filter({ hasText: "Same test" })).toHaveAttribute("href", /^\/tests\//);

  const start = items.filter({ hasText: "When did this start" });
  const since = await start.getAttribute("data-seam");
  await start.click();
  await expect(menu).toBeHidden();
  await expect(page.getByTestId("seam-panel")).toContainText(since);
  await expect(page.getByTestId("current-cell")).toHaveAttribute("data-build", since);
  await page.goBack();
  await expect(page.getByTestId("seam-panel")).toBeHidden();
});

test("what is hidden is counted, and one click shows it", async ({ page, broken }) => {
  const name = broken.grid.rows[0].name;
  await open(page, broken, "?exclude-non-failed-tests=3");
  const unfailed = page.getByTestId("unfailed-chip");
  await expect(unfailed).toContainText(/^\d+ hidden/);
  await expect(page.getByTestId("only-failed")).toHaveValue("3");
  await unfailed.click();
  await expect(page).not.toHaveURL(/exclude-non-failed/);
  await expect(unfailed).toBeHidden();

  const filter = page.getByTestId("row-filter");
  await filter.fill(name);
  const filtered = page.getByTestId("filtered-chip");
  await expect(filtered).toContainText(`${broken.grid.rows.length - 1} hidden`);
  await expect(page.locator(".grid__body .row")).toHaveCount(1);

  // What is no expression, or would never end, leaves what was there, and says so.
  for (const [typed, why] of [
    ["/(/", "no regular expression"],
    ["/(a+)+$/", "could take for ever"],
  ]) {
    await filter.fill(typed);
    await expect(page.locator(".toolbar__count")).toContainText(why);
    await expect(page.locator(".grid__body .row")).toHaveCount(1);
  }
  await filtered.click();
  await expect(filtered).toBeHidden();
  await expect(filter).toHaveValue("");

  // What was typed chooses the rows that are left out.
  await filter.fill(name);
  await page.getByTestId("exclude").click();
  await expect(filter).toHaveValue("");
  await expect(page).toHaveURL(/exclude-filter-by-regex=/);
  await expect(filtered).toContainText("1 hidden");
  await page.getByRole("button", { name: /^Remove the filter without: / }).click();
  await expect(filtered).toBeHidden();
});

test("a link to a row and a column brings both into sight", async ({ page, broken }) => {
  const { grid } = broken;
  const [row, column] = [grid.rows.at(-1), grid.columns.at(-1)];
  const query = new URLSearchParams({ row: row.id, column: column.build, "show-stale-tests": "" });
  await open(page, broken, `?${query}`);
  const current = page.getByTestId("current-cell");
  await expect(current).toHaveAttribute("data-build", column.build);
  await expect(current).toHaveAttribute("data-row-name", row.name);
  await expect(current).toBeInViewport();

  await open(page, broken, "?row=no+such+row");
  await expect(page.getByTestId("grid-note")).toContainText("no such row");
});

test("coming back finds the grid as far scrolled as it was", async ({ page, broken }) => {
  await open(page, broken);
  const grid = page.getByTestId("grid");
  await grid.evaluate((area) => area.scrollTo(300, 80));
  const place = () => grid.evaluate((area) => [area.scrollLeft, area.scrollTop]);
  const before = await place();
  expect(before[0]).toBeGreaterThan(0);
  await page.goto("/status");
  await page.goBack();
  await hydrated(page);
  await expect.poll(place).toEqual(before);
});

test("columns are as wide as one likes, and stay where they are", async ({ page, broken }) => {
  await open(page, broken);
  const grid = page.getByTestId("grid");
  await grid.focus();
  for (let press = 0; press < 9; press += 1) {
    await page.keyboard.press("-");
  }
  await expect.poll(() => width(page)).toBe(4);
  await expect(page.locator('.seam[data-kind="infra"]').first()).toBeVisible();
  await page.getByTestId("wider").click();
  await expect.poll(() => width(page)).toBe(6);
  await expect(page).toHaveURL(/[?&]width=6/);

  // A drag over the bars brings what it covers to the whole width.
  const bars = await page.locator('[data-kind="failures"] .head__cells').boundingBox();
  await page.mouse.move(bars.x + 6 * 10 + 3, bars.y + 20);
  await page.mouse.down();
  await page.mouse.move(bars.x + 6 * 19 + 3, bars.y + 20, { steps: 3 });
  await page.mouse.up();
  await expect.poll(() => width(page)).toBeGreaterThan(50);
  const wide = await width(page);
  await expect.poll(() => grid.evaluate((area) => area.scrollLeft)).toBe(10 * wide);
  await expect(page.getByTestId("pair-panel")).toBeHidden();

  // A click on a bar goes to the first row that failed there.
  const column = broken.grid.columns.findIndex((column, index) => index > 10 && index < 16 && column);
  await page.mouse.click(bars.x + (column - 10 + 0.5) * wide, bars.y + 20);
  await expect(page.getByTestId("current-cell")).toHaveAttribute("data-build", broken.grid.columns[column].build);
});

test("the card of a cell says its history and every version", async ({ page, broken }) => {
  await open(page, broken);
  const cell = page.locator('.row__cells a.cell[data-status="FAIL"]').first();
  const build = await cell.getAttribute("data-build");
  await cell.hover();
  const card = page.getByTestId("cell-tooltip");
  await expect(card).toContainText("failing");
  const column = broken.grid.columns.find((column) => column.build === build);
  for (const { component } of [...column.infra, ...column.product]) {
    await expect(card).toContainText(component);
  }
});

test("a pattern that cannot be used is told of, also by a link, and hides nothing", async ({ page, broken }) => {
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  for (const option of ["include-filter-by-regex", "exclude-filter-by-regex", "group-by-hierarchy-pattern"]) {
    for (const [pattern, why] of [["(((", "is no regular expression"], ["(a+)+$", "could take for ever"]]) {
      await page.goto(`${path}?${option}=${encodeURIComponent(pattern)}`);
      await hydrated(page);
      await expect(page.getByRole("status").filter({ hasText: why })).toContainText(/\d{2,} rows/);
      await expect(page.locator('[data-row="0"] .row__name')).toBeVisible();
    }
  }
});

test("all about a row is told beside the grid", async ({ page, broken }) => {
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  await page.goto(`${path}?sort-by-name=`);
  await hydrated(page);
  const panel = page.getByTestId("row-panel");
  await page.locator('[data-row="1"] .row__link').click();
  await expect(panel.getByTestId("row-counts")).toBeVisible();
  await expect(panel.getByRole("heading", { name: "Alert" })).toBeVisible();
  await expect(page.getByTestId("grid")).toBeVisible();
  // What is open and what was chosen before stand in the address.
  expect(new URL(page.url()).searchParams.has("sort-by-name")).toBe(true);
  await page.reload();
  await expect(panel.getByTestId("row-counts")).toBeVisible();
  await page.getByTestId("panel-close").click();
  await expect(panel).toHaveCount(0);
  await page.goBack();
  await expect(panel).toBeVisible();
  await page.goBack();
  await expect(panel).toHaveCount(0);
  await expect(page).toHaveURL(/sort-by-name=$/);
  // From the menu of a cell, too.
  const cell = page.locator('[data-row="1"] .cell').first();
  await cell.click({ button: "right" });
  await page.getByRole("menuitem", { name: "All about this row" }).click();
  await expect(panel.getByTestId("row-counts")).toBeVisible();
  // One row after the other, without closing it.
  const old = await panel.getAttribute("aria-label");
  await page.locator('[data-row="2"] .row__link').click();
  await expect(panel).not.toHaveAttribute("aria-label", old);
});

test("what was chosen in the toolbar can be gone back from", async ({ page, broken }) => {
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  await page.goto(path);
  await hydrated(page);
  await page.getByTestId("sort").selectOption("name");
  await page.getByTestId("only-failed").selectOption("5");
  await expect(page).toHaveURL(/exclude-non-failed-tests=5/);
  await page.goBack();
  await expect(page.getByTestId("only-failed")).toHaveValue("");
  await expect(page.getByTestId("sort")).toHaveValue("name");
  await page.goBack();
  await expect(page.getByTestId("sort")).toHaveValue("");
  await page.goForward();
  await expect(page.getByTestId("sort")).toHaveValue("name");
});

test("where long names differ is in sight, and the name is whole for who searches, copies or listens", async ({
  page,
  broken,
}) => {
  const { dashboard, tab } = broken.tab;
  const long = "Volumes of an in-tree driver with a pattern of dynamic claims should be resized while in use";
  await page.route("**/api/v2/dashboards/*/tabs/*/grid*", async (route) => {
    const answer = await route.fetch();
    const grid = await answer.json();
    for (const [index, row] of grid.rows.entries()) {
      if (index < 3) row.name = `${long} and mounted-${index} again`;
    }
    await route.fulfill({ response: answer, json: grid });
  });
  // Drawn in the browser, the page asks for all of its grid.
  await page.goto(`/d/${encodeURIComponent(dashboard)}`);
  await hydrated(page);
  await page.locator(`main a[href="${tabPath(dashboard, tab)}"]`).first().click();
  const names = page.locator(".row__name--whole", { hasText: "and mounted-" });
  await expect(names).toHaveCount(3);
  // As the browser tells it.
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const heard = nodes.filter((node) => node.role?.value === "link").map((node) => node.name?.value);
  for (const [width, height] of [
    [1280, 800],
    [560, 800],
  ]) {
    await page.setViewportSize({ width, height });
    for (const index of [0, 1, 2]) {
      const name = names.nth(index);
      const end = name.locator(".row__end");
      await expect(end).toHaveText(`${index} again`);
      const [outer, inner] = [await name.boundingBox(), await end.boundingBox()];
      expect(inner.x).toBeGreaterThan(outer.x);
      expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width + 1);
      expect(heard).toContain(`${long} and mounted-${index} again`);
      const found = await page.evaluate((text) => {
        getSelection().removeAllRanges();
        return globalThis.find(text) && getSelection().toString();
      }, `in use and mounted-${index} again`);
      expect(found).toBe(`in use and mounted-${index} again`);
    }
  }
});
