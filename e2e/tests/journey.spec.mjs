// The main road: overview → dashboard → tab → seam → panel.

import { expect, hydrated, seamOf, tabPath, test } from "./fixtures.mjs";

test("from the overview to the change that broke the rows", async ({ page, broken }) => {
  const { release, tier, tab, transition } = broken;

  await page.goto("/");
  await hydrated(page);
  const branch = page.getByTestId("branch").filter({ has: page.locator("h2", { hasText: release.branch }) }).first();
  await expect(branch).toBeVisible();
  const section = branch.locator(`[data-testid="tier"][data-tier="${tier.tier}"]`);
  const cell = section.getByTestId("tab-cell").filter({ hasText: tab.tab }).first();
  await expect(cell).toHaveAttribute("data-status", /.+/);

  await section.getByRole("heading").getByRole("link").click();
  await expect(page.getByTestId("dashboard")).toBeVisible();
  await expect(page).toHaveURL(`/d/${encodeURIComponent(tab.dashboard)}`);
  const block = page.getByTestId("tab-block").filter({ has: page.getByRole("link", { name: tab.tab, exact: true }) });
  await expect(block).toHaveCount(1);

  await block.getByRole("link", { name: tab.tab, exact: true }).click();
  await expect(page).toHaveURL(tabPath(tab.dashboard, tab.tab));
  await expect(page.getByTestId("grid")).toBeVisible();
  await expect(page.getByTestId("grid-header")).toBeVisible();

  const seam = seamOf(page, transition).first();
  await seam.scrollIntoViewIfNeeded();
  await expect(seam).toHaveAttribute("data-from", new RegExp(escape(transition.from.slice(0, 7))));
  await expect(seam).toHaveAttribute("data-to", new RegExp(escape(transition.to.slice(0, 7))));
  await seam.click();

  const panel = page.getByTestId("seam-panel");
  await expect(panel).toBeVisible();
  await expect(panel).toContainText(transition.component);
  await expect(panel).toContainText(transition.from.slice(0, 7));
  await expect(panel).toContainText(transition.to.slice(0, 7));
  const compare = panel.locator(`a[href^="${comparePath(transition)}"]`).first();
  await expect(compare).toBeVisible();
  await expect(panel.getByTestId("broke-row").first()).toBeVisible();
  expect(await panel.getByTestId("broke-row").count()).toBeLessThanOrEqual(transition.broke);

  // What is on the screen has an address of its own.
  await expect(page).toHaveURL(new RegExp(`[?&]seam=${escape(transition.build)}`));
  await page.reload();
  await expect(page.getByTestId("seam-panel")).toContainText(transition.to.slice(0, 7));

  // What lies between the two versions, and what happened across them on every tab.
  await compare.click();
  await expect(page).toHaveURL(/\/compare\?/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(transition.component);
  await expect(page.locator("main")).toContainText(transition.to.slice(0, 7));
  await expect(page.locator("main").getByRole("link", { name: tab.tab, exact: true }).first()).toBeVisible();
});

/** Where the difference between the two versions of a transition is told. */
function comparePath({ component, from, to }) {
  return `/compare?component=${component}&from=${from}&to=${to}`;
}

test("every tab of every branch is on the overview, and each branch once", async ({ page, read, truth }) => {
  const { items } = await read("/api/v2/releases");
  const branches = new Set(
    truth.jobs
      .filter((job) => job.tabs.some(([dashboard]) => dashboard.startsWith("sig-release-")))
      .map((job) => job.branch),
  );
  expect(new Set(items.map((release) => release.branch))).toEqual(branches);
  expect(items[0].branch).toBe("master");

  await page.goto("/");
  await expect(page.getByTestId("overview")).toBeVisible();
  await expect(page.getByTestId("branch")).toHaveCount(items.length);
  const tabs = items.flatMap((release) => release.tiers).flatMap((tier) => tier.tabs);
  await expect(page.getByTestId("tab-cell")).toHaveCount(tabs.length);
  const shown = await page
    .getByTestId("tab-cell")
    .evaluateAll((cells) => cells.map((cell) => cell.dataset.status).sort());
  expect(shown).toEqual(tabs.map((tab) => tab.status).sort());
});

test("the grid shows each cell with the status that the API tells", async ({ page, broken }) => {
  const { tab, grid } = broken;
  await page.goto(tabPath(tab.dashboard, tab.tab));
  await hydrated(page);
  // A cell of the first row in the newest column that is not blank.
  const row = grid.rows[0];
  let column = 0;
  const [status, count] = row.statuses.find(([status, count]) => {
    if (status === 0) {
      column += count;
    }
    return status !== 0;
  });
  expect(count).toBeGreaterThan(0);
  expect(status).toBeGreaterThan(0);
  const build = grid.columns[column].build;
  await expect(
    page.getByTestId("grid").locator(`[data-status][data-build="${build}"]`).first(),
  ).toBeVisible();
});

test("hovering a seam and a cell says more", async ({ page, broken }) => {
  const { tab, transition } = broken;
  await page.goto(tabPath(tab.dashboard, tab.tab));
  await hydrated(page);
  const seam = seamOf(page, transition).first();
  await seam.scrollIntoViewIfNeeded();
  await seam.hover();
  const tooltip = page.getByTestId("cell-tooltip");
  await expect(tooltip).toBeVisible();
  await expect(tooltip).toContainText(transition.to.slice(0, 7));

  await page.getByTestId("grid").locator("[data-status][data-build]").first().hover();
  await expect(tooltip).toBeVisible();
  await expect(tooltip).not.toBeEmpty();
});

test("without scripts the pages say all the same", async ({ browser, baseURL, broken }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  await page.goto("/");
  await expect(page.getByTestId("tab-cell").first()).toBeVisible();
  await page.goto(tabPath(broken.tab.dashboard, broken.tab.tab));
  await expect(page.getByTestId("grid-header")).toBeVisible();
  await expect(page.getByTestId("grid").locator("[data-status]").first()).toBeVisible();
  await context.close();
});

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
