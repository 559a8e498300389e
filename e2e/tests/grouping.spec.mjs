// Rows in groups: heads that stand for what is in them, open and closed by pointer, keys and address.

import { DASHBOARD, GROUPED } from "../hostile.mjs";
import { expect, hydrated, seriousFindings, tabPath, test } from "./fixtures.mjs";

const BY_SUITE = "group-by-hierarchy-pattern=%5E.*%3F%5C%5Bsig-%5B%5E%5C%5D%5D%2B%5C%5D%7C.%2B";

async function open(page, broken, query) {
  await page.goto(`${tabPath(broken.tab.dashboard, broken.tab.tab)}?${query}`);
  await hydrated(page);
  await expect(page.getByTestId("grid")).toHaveAttribute("data-whole", "true");
}

/** What TestGrid's answer has under the same options. */
async function table(request, baseURL, broken, query) {
  const tab = encodeURIComponent(broken.tab.tab);
  const answer = await request.get(`${baseURL}/${encodeURIComponent(broken.tab.dashboard)}/table?tab=${tab}&${query}`);
  expect(answer.status()).toBe(200);
  return answer.json();
}

const heads = (page) => page.getByTestId("group-head");

test("groups are those of TestGrid's answer, with its statuses", async ({ page, broken, request, baseURL }) => {
  const { tests } = await table(request, baseURL, broken, BY_SUITE);
  const groups = tests.filter((test) => test.test_ids?.length > 0);
  expect(groups.length).toBeGreaterThan(2);
  await open(page, broken, BY_SUITE);
  await expect(heads(page)).toHaveCount(groups.length);
  const lines = page.locator(".grid__body .row");
  await expect(lines).toHaveCount(tests.length);
  await expect(page.locator(".toolbar__count")).toContainText(
    `${groups.reduce((sum, group) => sum + group.test_ids.length, 0) + tests.length - groups.length} rows`,
  );
  for (const [index, group] of groups.entries()) {
    const head = heads(page).nth(index);
    await expect(head.locator(".row__name")).toHaveAttribute("title", group.name);
    await expect(head.locator(".row__count")).toHaveText(`${group.test_ids.length} rows`);
    await expect(head).toHaveAttribute("aria-expanded", "false");
    // Where not all passed, as many as did.
    const icons = group.short_texts.filter((icon) => icon !== "");
    const shown = await head.locator(".row__cells a.cell").allTextContents();
    expect(shown).toEqual(icons.slice(0, shown.length));
  }
  expect(await seriousFindings(page)).toEqual([]);
});

test("a group opens and closes by a click, and the address says so", async ({ page, broken }) => {
  await open(page, broken, BY_SUITE);
  const lines = page.locator(".grid__body .row");
  const closed = await lines.count();
  const head = heads(page).first();
  const size = Number.parseInt(await head.locator(".row__count").textContent(), 10);
  await head.locator(".row__toggle").click();
  await expect(head).toHaveAttribute("aria-expanded", "true");
  await expect(lines).toHaveCount(closed + size);
  await expect(page).toHaveURL(/[?&]toggle-group=/);
  const inside = page.locator('.row[aria-level="2"]');
  await expect(inside).toHaveCount(size);
  expect(await seriousFindings(page)).toEqual([]);

  // The same after a reload, and after another page.
  await page.reload();
  await hydrated(page);
  await expect(inside).toHaveCount(size);
  await page.goto("/status");
  await page.goBack();
  await hydrated(page);
  await expect(inside).toHaveCount(size);

  // The whole name is what one clicks; a cell still opens its build.
  await head.locator(".row__name").click({ position: { x: 250, y: 10 } });
  await expect(inside).toHaveCount(0);
  await expect(page).not.toHaveURL(/toggle-group/);

  await page.getByTestId("expand-all").click();
  await expect(page).toHaveURL(/expand-groups/);
  await expect(head).toHaveAttribute("aria-expanded", "true");
  await head.locator(".row__toggle").click();
  await expect(page).toHaveURL(/expand-groups.*toggle-group=/);
  await expect(head).toHaveAttribute("aria-expanded", "false");
  await expect(heads(page).nth(1)).toHaveAttribute("aria-expanded", "true");
  await page.getByTestId("collapse-all").click();
  await expect(lines).toHaveCount(closed);
  await expect(page).not.toHaveURL(/expand-groups|toggle-group/);
});

test("groups are opened, walked and closed with the keyboard", async ({ page, broken }) => {
  await open(page, broken, BY_SUITE);
  const grid = page.getByTestId("grid");
  const current = page.getByTestId("current-cell");
  const first = await page.locator('.row[data-row="0"] .row__name').getAttribute("title");
  await grid.focus();
  // To the first head, wherever it stands.
  const position = Number(await heads(page).first().getAttribute("data-row"));
  await page.keyboard.press("ArrowDown");
  await expect(current).toHaveAttribute("data-row-name", first);
  for (let line = 0; line < position; line += 1) {
    await page.keyboard.press("ArrowDown");
  }
  const head = heads(page).first();
  const name = await head.locator(".row__name").getAttribute("title");
  await expect(current).toHaveAttribute("data-row-name", name);
  await page.keyboard.press("ArrowRight");
  await expect(head).toHaveAttribute("aria-expanded", "true");
  await expect(page.getByText("Open group")).toContainText(name);
  // Once open, right goes to the next cell; from a row's first cell, left goes back to the head.
  await page.keyboard.press("ArrowRight");
  await expect(current).toHaveAttribute("style", /--column:1/);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await expect(current).not.toHaveAttribute("data-row-name", name);
  await page.keyboard.press("ArrowLeft");
  await expect(current).toHaveAttribute("data-row-name", name);
  await expect(head).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press("ArrowLeft");
  await expect(head).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("Enter");
  await expect(head).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press(" ");
  await expect(head).toHaveAttribute("aria-expanded", "false");
  // A group has no menu; its page is the grid.
  await page.keyboard.press("m");
  await expect(page.getByTestId("cell-menu")).toBeHidden();

  // To what fails, in closed groups, too.
  await page.keyboard.press("Home");
  const failing = page.locator(".row[data-open]").filter({ has: page.locator(".row__alert") });
  if ((await failing.count()) > 0) {
    await page.keyboard.press("p");
    await page.keyboard.press("n");
    const names = await page.locator(".row:has(.row__alert) .row__name").evaluateAll((all) => all.map((it) => it.title));
    expect(names).toContain(await current.getAttribute("data-row-name"));
  }
});

test("groups are chosen in the toolbar; back and forward go between the choices", async ({ page, broken }) => {
  await open(page, broken, "");
  const group = page.getByTestId("group");
  await expect(heads(page)).toHaveCount(0);
  await group.selectOption({ label: "by parts of names" });
  await expect(page).toHaveURL(/group-by-hierarchy-pattern=/);
  await expect(heads(page).first()).toBeVisible();
  const pattern = page.getByTestId("group-pattern");
  await pattern.fill("^.|.+");
  await pattern.press("Enter");
  await expect(heads(page).filter({ hasText: "K" }).first()).toBeVisible();

  // What is no expression leaves the groups that there are, and says so.
  const before = await heads(page).count();
  await pattern.fill("(");
  await pattern.press("Enter");
  await expect(page.locator(".toolbar__count")).toContainText("no regular expression");
  await expect(heads(page)).toHaveCount(before);
  await page.goBack();
  await expect(pattern).toHaveValue("^.|.+");

  await group.selectOption({ label: "equal but for" });
  await expect(pattern).toHaveValue("\\d+");
  await group.selectOption({ label: "by target" });
  await expect(page).toHaveURL(/group-by-target=/);
  await expect(pattern).toBeHidden();
  await group.selectOption({ label: "by folder" });
  await expect(page).toHaveURL(/group-by-directory=/);
  await group.selectOption({ label: "not at all" });
  await expect(heads(page)).toHaveCount(0);
  await expect(page).not.toHaveURL(/group-by/);
  for (const choice of ["0", "1", "3"]) {
    await page.goBack();
    await expect(group).toHaveValue(choice);
  }
  await page.goForward();
  await expect(group).toHaveValue("1");
});

test("a link to a row opens the group it is in", async ({ page, broken }) => {
  const { grid } = broken;
  const row = grid.rows.findLast((row) => row.name.includes("[sig-"));
  const query = `${BY_SUITE}&show-stale-tests=&row=${encodeURIComponent(row.id)}`;
  await open(page, broken, query);
  const current = page.getByTestId("current-cell");
  await expect(current).toHaveAttribute("data-row-name", row.name);
  await expect(current).toBeInViewport();
  const around = page.locator('.row[data-open="true"]');
  await expect(around).toHaveCount(1);
  // Whoever closes it is not sent back.
  await around.locator(".row__toggle").click();
  await expect(around).toHaveCount(0);
  await expect(page).not.toHaveURL(/[?&]row=/);
});

test("filters, sorting and hidden rows work within groups", async ({ page, broken }) => {
  await open(page, broken, `${BY_SUITE}&expand-groups=&sort-by-name=`);
  const inside = page.locator('.row[aria-level="2"]');
  const names = await inside.locator(".row__name").evaluateAll((all) => all.map((it) => it.title));
  expect(names.length).toBeGreaterThan(3);
  const sorted = broken.grid.rows.map((row) => row.name).filter((name) => names.includes(name));
  expect(new Set(names)).toEqual(new Set(sorted));
  const group = names[0].slice(0, names[0].indexOf("]", names[0].indexOf("[sig-")) + 1);
  const member = names.filter((name) => name.startsWith(group));
  expect(member).toEqual([...member].sort((a, b) => a.localeCompare(b, "en", { numeric: true })));

  const filter = page.getByTestId("row-filter");
  await filter.fill(group);
  await expect(heads(page)).toHaveCount(1);
  await expect(page.getByTestId("filtered-chip")).toBeVisible();
  await expect(inside).toHaveCount(member.length);
  // One alone needs no head.
  await filter.fill(`/${member[0].replace(/[\^$.*+?()[\]{}|]/g, "\\$&")}$/`);
  await expect(heads(page)).toHaveCount(0);
  await expect(page.locator(".grid__body .row")).toHaveCount(1);
});

test("the group whose head is scrolled away is named above its rows, and leads back to it", async ({ page, broken }) => {
  await page.setViewportSize({ width: 1200, height: 420 });
  await open(page, broken, `${BY_SUITE}&expand-groups=`);
  const grid = page.getByTestId("grid");
  const around = page.getByTestId("group-around");
  const head = heads(page).filter({ hasText: /\d rows/ }).first();
  const name = await head.locator(".row__name").getAttribute("title");
  const row = Number(await head.getAttribute("data-row"));
  await expect(around).toHaveCount(0);
  await grid.evaluate((area, top) => area.scrollTo(0, top), row * 22 + 30);
  await expect(around).toHaveText(name);
  await around.click();
  await expect.poll(() => grid.evaluate((area) => area.scrollTop)).toBe(row * 22);
  await expect(around).toHaveCount(0);
});

test("the card of a group's cell says how many passed", async ({ page, broken }) => {
  await open(page, broken, BY_SUITE);
  const cell = heads(page).locator("a.cell").first();
  const [passed, all] = (await cell.textContent()).split("/");
  await cell.hover();
  const card = page.getByTestId("cell-tooltip");
  await expect(card).toContainText(`${passed} of ${all}`);
  await expect(card).toContainText("Rows");
  await expect(card.getByTestId("cell-took")).toHaveCount(0);
});

test("groups that a tab is configured with hold until they are lifted", async ({ page }) => {
  const path = tabPath(DASHBOARD, GROUPED);
  await page.goto(path);
  await hydrated(page);
  await expect(heads(page).first()).toHaveAttribute("aria-expanded", "true");
  await expect(page.getByTestId("group")).toHaveValue("2");
  await heads(page).first().locator(".row__toggle").click();
  await expect(heads(page).first()).toHaveAttribute("aria-expanded", "false");
  await page.reload();
  await hydrated(page);
  await expect(heads(page).first()).toHaveAttribute("aria-expanded", "false");
  await page.getByTestId("group").selectOption("");
  await expect(heads(page)).toHaveCount(0);
  await page.reload();
  await hydrated(page);
  await expect(page.locator(".grid__body .row").first()).toBeVisible();
  await expect(heads(page)).toHaveCount(0);
});
