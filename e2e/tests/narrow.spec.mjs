// On the smallest screens a tab is a list; on paper it is what the screen shows.

import { expect, hydrated, seriousFindings, tabPath, test } from "./fixtures.mjs";

test("on the smallest screens a tab is a list of its rows, and the grid a touch away", async ({ page, broken }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  await page.goto(path);
  await hydrated(page);
  const list = page.getByTestId("rows-list");
  await expect(list).toBeVisible();
  await expect(page.getByTestId("grid")).toBeHidden();
  const failing = broken.grid.rows.find((row) => row.alert);
  const first = page.getByTestId("row-line").first();
  await expect(first).toBeVisible();
  if (failing) {
    await expect(first).toContainText("since it passed");
  }
  expect(await seriousFindings(page)).toEqual([]);
  // By keyboard, too.
  await list.getByRole("button", { name: "Show the grid" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("grid")).toBeVisible();
  await expect(list).toHaveCount(0);
});

test("a list that is reached from another page is the same", async ({ page, broken }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`/d/${encodeURIComponent(broken.tab.dashboard)}`);
  await hydrated(page);
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  await page.locator(`main a[href="${path}"]`).first().click();
  await expect(page.getByTestId("rows-list")).toBeVisible();
  await page.getByTestId("row-line").first().getByRole("link").click();
  await expect(page.getByTestId("row-page")).toBeVisible();
});

test("groups of rows are opened and closed in the list, as its address says", async ({ page, broken }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  const options = `group-by-hierarchy-pattern=${encodeURIComponent("^[^./ ]+")}`;
  const heads = page.getByTestId("group-line");
  // On the tab's own page, and on that of the list.
  for (const start of [`${path}?${options}`, `${path}/rows?${options}`]) {
    await page.goto(start);
    await hydrated(page);
    const head = heads.first();
    await expect(head).toHaveAttribute("data-open", "false");
    await expect(head).toContainText(/\d+ rows/);
    const closed = await page.getByTestId("row-line").count();
    const link = head.getByRole("link");
    await link.focus();
    await page.keyboard.press("Enter");
    await expect(head).toHaveAttribute("data-open", "true");
    await expect(page.getByTestId("row-line")).not.toHaveCount(closed);
    await expect(link).toBeFocused();
    expect(new URL(page.url()).pathname, start).toBe(start.split("?")[0]);
    expect(page.url()).toContain("toggle-group=");
    expect(await seriousFindings(page)).toEqual([]);
    await page.reload();
    await expect(head).toHaveAttribute("data-open", "true");
    await link.click();
    await expect(head).toHaveAttribute("data-open", "false");
    await page.getByRole("link", { name: "Open all groups" }).click();
    await expect(page.locator('[data-testid="group-line"][data-open="false"]')).toHaveCount(0);
    expect(page.url()).toContain("expand-groups=");
  }
});

test("a link into a tab keeps the tab's own options in the list", async ({ page, broken }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const path = tabPath(broken.tab.dashboard, broken.tab.tab);
  const lines = page.getByTestId("row-line");
  await page.goto(path);
  await expect(lines.first()).toBeVisible();
  const plain = await lines.count();
  await page.goto(`${path}?row=${encodeURIComponent(broken.grid.rows[0].id)}`);
  await expect(lines).toHaveCount(plain);
});

test("a wide screen has the grid alone", async ({ page, broken }) => {
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await hydrated(page);
  await expect(page.getByTestId("grid")).toBeVisible();
  await expect(page.getByTestId("rows-list")).toHaveCount(0);
});

test("paper shows the grid without what can only be used", async ({ page, broken }) => {
  await page.goto(`${tabPath(broken.tab.dashboard, broken.tab.tab)}?exclude-non-failed-tests=3`);
  await hydrated(page);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(page.getByTestId("grid").locator("[data-status]").first()).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  // How much there is, and what hides some of it.
  await expect(page.getByTestId("row-filter")).toBeHidden();
  await expect(page.locator(".toolbar__count")).toBeVisible();
  await expect(page.getByTestId("unfailed-chip")).toBeVisible();
  await expect(page.locator(".top__nav")).toBeHidden();
  const scheme = await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  expect(scheme).toBe("light");
  // What the signs mean, and where it is from.
  await expect(page.locator(".legend__cell").first()).toBeVisible();
  await expect(page.locator(".legend .keys")).toBeHidden();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  const said = await page.locator(".top").evaluate((top) => getComputedStyle(top, "::after").content);
  expect(said).toContain(page.url());
});

test("who wants no motion has none, and who needs contrast has more", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce", contrast: "more" });
  await page.goto("/");
  await hydrated(page);
  const style = await page.evaluate(() => {
    const root = getComputedStyle(document.documentElement);
    const link = getComputedStyle(document.querySelector("main a"));
    return {
      decoration: link.textDecorationLine,
      text: root.getPropertyValue("--text").trim(),
      moving: Array.from(document.querySelectorAll("*")).filter((element) =>
        getComputedStyle(element)
          .transitionDuration.split(",")
          .some((duration) => Number.parseFloat(duration) > 0.001),
      ).length,
    };
  });
  expect(style.decoration).toBe("underline");
  expect(style.moving).toBe(0);
});
