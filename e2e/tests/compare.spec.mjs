// Two columns of a grid beside each other, chosen in every way there is.

import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

/** The middle of a column in the row of the header that names builds. */
async function inHeader(page, column) {
  const head = page.locator('.head__row[data-fact="2"] .head__cells');
  const box = await head.boundingBox();
  const width = await cellWidth(page);
  return { x: box.x + (column + 0.5) * width, y: box.y + box.height / 2 };
}

function cellWidth(page) {
  return page
    .getByTestId("grid")
    .evaluate((area) => Number.parseInt(area.style.getPropertyValue("--cell-width"), 10));
}

async function open(page, broken) {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  await expect(page.getByTestId("grid")).toHaveAttribute("data-whole", "true");
}

async function expectPair(page, grid, newer, older) {
  const panel = page.getByTestId("pair-panel");
  await expect(panel.getByTestId("builds-verdict")).toBeVisible();
  const end = (side) => panel.locator(`[data-testid="builds-end"][data-side="${side}"]`);
  await expect(end("newer")).toContainText(grid.columns[newer].build);
  await expect(end("older")).toContainText(grid.columns[older].build);
  const address = new URL(page.url()).searchParams;
  expect([address.get("newer"), address.get("older")]).toEqual([grid.columns[newer].build, grid.columns[older].build]);
  await expect(page.locator('.grid__body .pick[data-side="older"]')).toHaveAttribute("style", `--column:${older}`);
  return panel;
}

test("shift and click choose two builds; the panel tells what differs", async ({ page, broken }) => {
  const { grid, transition } = broken;
  await open(page, broken);
  const at = transition.column;
  expect(at, "the seam lies beyond what fits into the window").toBeLessThan(15);
  for (const column of [at, at + 1]) {
    const { x, y } = await inHeader(page, column);
    await page.keyboard.down("Shift");
    await page.mouse.click(x, y);
    await page.keyboard.up("Shift");
    if (column === at) {
      await expect(page.getByTestId("grid-note")).toContainText(grid.columns[at].build);
    }
  }
  const panel = await expectPair(page, grid, at, at + 1);
  const moved = panel.locator(`[data-testid="builds-component"][data-component="${transition.component}"]`);
  await expect(moved).toContainText(transition.to.slice(0, 7));
  await expect(panel.getByTestId("builds-spec")).toBeVisible();

  // A row of the panel comes into sight, and back leads to where one was.
  const row = panel.getByTestId("pair-row").locator("[data-row]").first();
  const id = await row.getAttribute("data-row");
  await row.click();
  await expect(page).toHaveURL(/[?&]row=/);
  await expect(page.getByTestId("current-cell")).toHaveAttribute("data-row-name", grid.rows.find((row) => row.id === id).name);
  await page.goBack();
  await expect(page).not.toHaveURL(/[?&]row=/);
  await page.getByTestId("panel-close").click();
  await expect(panel).toBeHidden();
  await page.goBack();
  await expect(panel).toBeVisible();

  await panel.getByRole("link", { name: "As a page" }).click();
  await expect(page).toHaveURL(/\/compare\?/);
  await page.getByRole("link", { name: "In the grid" }).click();
  await expectPair(page, grid, at, at + 1);
});

test("dragging over the header compares both ends", async ({ page, broken }) => {
  await open(page, broken);
  const [from, to] = [await inHeader(page, 1), await inHeader(page, 6)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await expect(page.locator(".grid__body .pick")).toHaveCount(2);
  await page.mouse.up();
  await expectPair(page, broken.grid, 1, 6);
});

test("with the keyboard: shift and arrows, then c; escape closes", async ({ page, broken }) => {
  await open(page, broken);
  await page.getByTestId("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("c");
  const panel = await expectPair(page, broken.grid, 0, 2);
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  // Without a choice the current build is compared with the one before it.
  await page.getByTestId("grid").focus();
  await page.keyboard.press("c");
  await expectPair(page, broken.grid, 2, 3);
});

test.describe("of a build that is gone", () => {
  test.use({ provoked: /status of 404|status 404/ });
  test("the panel says that it is", async ({ page, broken }) => {
    const path = tabPath(broken.tab.dashboard, broken.tab.tab);
    await page.goto(`${path}?older=1&newer=2`);
    await expect(page.getByTestId("pair-panel").getByRole("alert")).toContainText("no build");
  });
});
