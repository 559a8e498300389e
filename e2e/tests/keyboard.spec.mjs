// All of it without a mouse.

import { expect, hydrated, seamOf, tabPath, test } from "./fixtures.mjs";

/** More than any page has places to stop at before its grid. */
const MOST_STOPS = 200;

test("a seam is reached, opened and closed with the keyboard", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  await expect(page.getByTestId("seam").first()).toBeVisible();
  const onSeam = () =>
    page.evaluate(() => document.activeElement?.closest('[data-testid="seam"]')?.dataset.build ?? null);
  let build = null;
  for (let stop = 0; stop < MOST_STOPS && build === null; stop += 1) {
    await page.keyboard.press("Tab");
    build = await onSeam();
  }
  expect(build, `no seam within ${MOST_STOPS} stops`).not.toBeNull();

  await page.keyboard.press("Enter");
  const panel = page.getByTestId("seam-panel");
  await expect(panel).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
});

test("what is focused is seen", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const seam = seamOf(page, broken.transition).first();
  const before = await seam.screenshot();
  await page.keyboard.press("Tab");
  await seam.focus();
  await expect(seam).toBeFocused();
  const after = await seam.screenshot();
  expect(after.equals(before), "the focused seam looks like any other").toBe(false);
});

test("the first stop leads past the navigation", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();
});

test("brackets go from seam to seam, n to failing rows, and shift and enter to the row", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const grid = page.getByTestId("grid");
  await expect(grid).toHaveAttribute("data-whole", "true");
  await grid.focus();
  const current = page.getByTestId("current-cell");
  const builds = [...new Set(broken.grid.transitions.map((seam) => seam.column))]
    .sort((a, b) => a - b)
    .map((column) => broken.grid.columns[column].build);
  await page.keyboard.press("]");
  await expect(current).toHaveAttribute("data-build", builds[0]);
  await page.keyboard.press("]");
  await expect(current).toHaveAttribute("data-build", builds[1]);
  await page.keyboard.press("[");
  await expect(current).toHaveAttribute("data-build", builds[0]);
  const failing = broken.grid.rows.slice(1).find((row) => row.alert);
  if (failing) {
    await page.keyboard.press("n");
    await expect(current).toHaveAttribute("data-row-name", failing.name);
  }
  await page.keyboard.press("?");
  await expect(page.getByText("Arrow keys move")).toBeVisible();
  await page.keyboard.press("Escape");
  await grid.focus();
  await page.keyboard.press("Shift+Enter");
  await expect(page.getByTestId("row-panel").getByTestId("row-counts")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("row-panel")).toHaveCount(0);
});

test("braces go to seams of the infrastructure alone", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const grid = page.getByTestId("grid");
  await expect(grid).toHaveAttribute("data-whole", "true");
  await grid.focus();
  const current = page.getByTestId("current-cell");
  const infra = broken.grid.transitions.filter((seam) => seam.kind === "infra");
  const builds = [...new Set(infra.map((seam) => seam.column))]
    .sort((a, b) => a - b)
    .map((column) => broken.grid.columns[column].build);
  for (const [key, build] of [["}", builds[0]], ["}", builds[1]], ["{", builds[0]]]) {
    await page.keyboard.press(key);
    await expect(current).toHaveAttribute("data-build", build);
  }
});

test("keys that the browser uses are left to it", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const grid = page.getByTestId("grid");
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const address = page.url();
  const left = await grid.evaluate((area) => {
    const press = (key, held) =>
      area.dispatchEvent(new KeyboardEvent("keydown", { key, ...held, bubbles: true, cancelable: true }));
    const control = ["c", "p", "n", "m", "s", "-", "+", "ArrowLeft"].map((key) => press(key, { ctrlKey: true }));
    const meta = ["c", "[", "]", "ArrowLeft"].map((key) => press(key, { metaKey: true }));
    return [...control, ...meta, press("ArrowLeft", { altKey: true })];
  });
  expect(left).not.toContain(false);
  expect(page.url()).toBe(address);
  await expect(page.getByTestId("cell-menu")).toHaveCount(0);
  // A bracket may need the key for third characters.
  const taken = await grid.evaluate((area) => {
    const held = { ctrlKey: true, altKey: true, modifierAltGraph: true };
    return area.dispatchEvent(new KeyboardEvent("keydown", { key: "]", ...held, bubbles: true, cancelable: true }));
  });
  expect(taken).toBe(false);
});

test("whoever closes a panel goes on in the grid", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const grid = page.getByTestId("grid");
  const panel = page.getByTestId("row-panel");
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  for (const close of [
    () => page.keyboard.press("Escape"),
    () => panel.getByTestId("panel-close").press("Enter"),
  ]) {
    await page.keyboard.press("Shift+Enter");
    await expect(panel).toBeFocused();
    await close();
    await expect(panel).toHaveCount(0);
    await expect(grid).toBeFocused();
  }
});

test("the seams are one stop, and arrow keys and s lead on", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const grid = page.getByTestId("grid");
  await expect(grid).toHaveAttribute("data-whole", "true");
  const handles = page.getByTestId("seam");
  expect(await handles.count()).toBeGreaterThan(1);
  await expect(page.locator('[data-testid="seam"][tabindex="0"]')).toHaveCount(1);
  await grid.focus();
  await page.keyboard.press("Tab");
  await expect(handles.first()).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(handles.nth(1)).toBeFocused();
  await grid.focus();
  await page.keyboard.press("]");
  await page.keyboard.press("s");
  await expect(page.getByTestId("seam-panel")).toBeVisible();
});
