// How long tests take: rows sorted by it, and one cell's on its card.

import { apiGrid, expect, hydrated, tabPath, test } from "./fixtures.mjs";

test("rows are sorted by how long they take on average", async ({ page, broken, read }) => {
  const { tab, grid } = broken;
  const path = apiGrid(tab.dashboard, tab.tab);
  const { version, mean_ms } = await read(path.replace(/\/grid$/, "/durations"));
  expect(version).toBe(grid.version);
  expect(mean_ms.length).toBe(grid.rows.length);
  expect(mean_ms.some((mean) => mean > 0)).toBe(true);
  await page.goto(`${tabPath(tab.dashboard, tab.tab)}?show-stale-tests=`);
  await hydrated(page);
  await page.getByTestId("sort").selectOption({ label: "longest on average first" });
  await expect(page).toHaveURL(/sort-by-duration=/);
  const expected = grid.rows
    .map(({ name }, index) => ({ name, mean: mean_ms[index] ?? 0 }))
    .sort((a, b) => b.mean - a.mean)
    .map(({ name }) => name);
  const shown = () =>
    page.locator(".grid__body .row__name").evaluateAll((all) => all.slice(0, 20).map((it) => it.title));
  await expect.poll(shown).toEqual(expected.slice(0, 20));
  await expect(page.locator(".toolbar__count")).not.toContainText(/Asking|No row/);
  await page.reload();
  await hydrated(page);
  await expect.poll(shown).toEqual(expected.slice(0, 20));

  // TestGrid's answer and the list of rows follow it, too.
  const list = await page.request.get(`${tabPath(tab.dashboard, tab.tab)}/rows?sort-by-duration=&show-stale-tests=`);
  const html = await list.text();
  const links = [...html.matchAll(/data-testid="row-line"[^]*?\/rows\/([^"]*)"/g)];
  const ids = new Map(grid.rows.map((row) => [row.name, row.id]));
  expect(links.map((link) => decodeURIComponent(link[1])).slice(0, 20)).toEqual(
    expected.slice(0, 20).map((name) => ids.get(name)),
  );
});

test("the card of a cell says how long it took", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const row = page.locator(".row").filter({ hasText: "should" }).first();
  await row.locator(".cell").first().hover({ position: { x: 8, y: 8 } });
  const took = page.getByTestId("cell-took");
  await expect(took).toHaveText(/^(\d+(\.\d)? s|\d+ min \d+ s|not told)$/);
  await expect(page.getByTestId("cell-tooltip")).toContainText(/failed \d+ and flaky \d+ of \d+|all \d+ passed|of \d+ passed/);
});
