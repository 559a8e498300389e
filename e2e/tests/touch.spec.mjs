// With a finger: a long touch opens the menu of a cell, also where the device tells nothing of it.

import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

test.use({ hasTouch: true, isMobile: true, viewport: { width: 820, height: 1180 } });

/** Touches a place for so long, and moves by so many pixels on the way. */
async function touch(page, { x, y }, ms, moved = 0) {
  const session = await page.context().newCDPSession(page);
  const dispatch = (type, touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
  await dispatch("touchStart", [{ x, y }]);
  if (moved !== 0) {
    await dispatch("touchMove", [{ x, y: y + moved }]);
  }
  await page.waitForTimeout(ms);
  await dispatch("touchEnd", []);
}

test("a long touch opens the menu, a short one the build, and one that moves scrolls", async ({ page, broken }) => {
  // As on devices that tell of no long touch themselves.
  await page.addInitScript(() => {
    addEventListener("contextmenu", (event) => event.stopImmediatePropagation(), true);
  });
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  const path = new URL(page.url()).pathname;
  const cell = page.locator('.row__cells a.cell[data-status="FAIL"]').first();
  await cell.scrollIntoViewIfNeeded();
  const box = await cell.boundingBox();
  const place = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const menu = page.getByTestId("cell-menu");

  await touch(page, place, 800, 40);
  await expect(menu).toBeHidden();
  await cell.scrollIntoViewIfNeeded();
  const again = await cell.boundingBox();
  await touch(page, { x: again.x + again.width / 2, y: again.y + again.height / 2 }, 900);
  await expect(menu).toBeVisible();
  await expect(menu.getByRole("menuitem").first()).toContainText("Open the build");
  expect(new URL(page.url()).pathname).toBe(path);
  await expect(page.getByTestId("cell-tooltip")).toBeHidden();

  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  const href = await cell.getAttribute("href");
  const left = page.waitForRequest((request) => request.isNavigationRequest() && request.url() === href);
  await page.route(href, (route) => route.fulfill({ body: "the build" }));
  await cell.tap();
  await left;
});
