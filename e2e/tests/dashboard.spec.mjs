// What dashboards, dashboard groups and the overview say of tabs.

import { expect, hydrated, tabPath, test } from "./fixtures.mjs";

const FAILING = new Set(["FAILING", "BROKEN"]);

/** Every dashboard with its tabs, as the API tells them. */
async function dashboards(read) {
  const { items } = await read("/api/v2/dashboards");
  return Promise.all(items.map(({ name }) => read(`/api/v2/dashboards/${encodeURIComponent(name)}`)));
}

test("the title counts what fails and the icon shows the worst, before and after the page is alive", async ({
  page,
  read,
  request,
  baseURL,
}) => {
  const all = await dashboards(read);
  const [most] = all.toSorted((a, b) => failing(b) - failing(a));
  expect(failing(most), "nothing fails in the simulated world").toBeGreaterThan(0);
  const [least] = all.toSorted((a, b) => failing(a) - failing(b));
  for (const board of [most, least]) {
    const path = `/d/${encodeURIComponent(board.name)}`;
    const number = failing(board);
    const title = `${number > 0 ? `(${number}) ` : ""}${board.name} · Seamgrid`;
    const html = await (await request.get(baseURL + path)).text();
    expect(html).toContain(`<title>${title}</title>`);
    await page.goto(path);
    await hydrated(page);
    await expect(page).toHaveTitle(title);
    const icons = await page.locator("link[rel=icon]").evaluateAll((links) => links.map((link) => link.href));
    expect(icons.length).toBe(2);
    expect(html).toContain(icons[1].split("fill='")[1].slice(0, 9));
    if (board === most) {
      await page.getByRole("link", { name: "Dashboards", exact: true }).click();
      // Title and icon are those of the page that is shown.
      const list = await (await request.get(`${baseURL}/dashboards`)).text();
      await expect(page).toHaveTitle(/<title>(.*)<\/title>/.exec(list)[1]);
      const icon = /rel="icon"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*rel="icon"/g;
      const [, last] = [...list.matchAll(icon)].map((found) => found[1] ?? found[2]);
      await expect.poll(() => page.locator("link[rel=icon]").last().getAttribute("href")).toBe(last);
    }
  }
});

test("a block says why, since when and what moved", async ({ page, read }) => {
  const all = await dashboards(read);
  const tabs = all.flatMap((board) => board.tabs).filter((tab) => tab.failing.some((row) => row.moved));
  expect(tabs.length, "no row of the simulated world fails after a pass").toBeGreaterThan(0);
  const links = (tab, kind) =>
    tab.failing.flatMap((row) => row.moved?.[kind].changes ?? []).flatMap((change) => change.compare_url ?? []);
  for (const kind of ["infra", "product"]) {
    const tab = tabs.find((tab) => links(tab, kind).length > 0);
    expect(tab, `no ${kind} moved before a failure`).toBeDefined();
    await page.goto(`/d/${encodeURIComponent(tab.dashboard)}`);
    const block = page.getByTestId("tab-block").filter({ has: page.getByRole("link", { name: tab.tab, exact: true }) });
    await expect(block).toHaveAttribute("data-status", tab.status);
    await expect(block.getByTestId("reason")).toContainText(tab.reason.split(" because ")[1].slice(1));
    const rows = block.getByTestId("failing-row");
    await expect(rows).toHaveCount(tab.failing.length);
    const shown = await rows
      .locator(`[data-testid="compare"][data-kind="${kind}"]`)
      .evaluateAll((links) => links.map((link) => link.href));
    const moved = tab.failing.flatMap((row) => row.moved?.[kind].changes ?? []);
    expect(shown.map((href) => new URL(href).searchParams.get("to"))).toEqual(moved.map((change) => change.to));
    expect(shown.every((href) => new URL(href).pathname === "/compare")).toBe(true);
    // The first failure leads to the seam at which it began.
    const [row] = tab.failing;
    await rows.first().getByRole("link", { name: row.first_fail_build }).click();
    await expect(page).toHaveURL(`${tabPath(tab.dashboard, tab.tab)}?seam=${row.first_fail_build}`);
    await expect(page.getByTestId("seam-panel")).toBeVisible();
  }
});

test("the worst tab comes first, or the order is the configured one", async ({ page, read }) => {
  const severity = ["UNKNOWN", "PASSING", "ACCEPTABLE", "PENDING", "FLAKY", "FAILING", "STALE", "BROKEN"];
  const board = (await dashboards(read)).find(({ tabs }) => new Set(tabs.map((tab) => tab.status)).size > 1);
  const configured = board.tabs.map((tab) => tab.tab);
  const worst = board.tabs
    .toSorted((a, b) => severity.indexOf(b.status) - severity.indexOf(a.status))
    .map((tab) => tab.tab);
  await page.goto(`/d/${encodeURIComponent(board.name)}`);
  const names = page.getByTestId("tab-block").getByRole("heading");
  await expect(names).toHaveText(worst);
  await page.getByRole("link", { name: "as configured" }).click();
  await expect(names).toHaveText(configured);
  await page.reload();
  await expect(names).toHaveText(configured);
  await page.getByRole("link", { name: "worst first" }).click();
  await expect(names).toHaveText(worst);
});

test("the same job on another branch is one click away", async ({ page, read }) => {
  const tabs = (await read("/api/v2/releases")).items.flatMap((release) =>
    release.tiers.flatMap((tier) => tier.tabs.map((tab) => ({ ...tab, branch: release.branch }))),
  );
  const tab = tabs.find((tab) => tabs.some((other) => other.job === tab.job && other.branch !== tab.branch));
  expect(tab, "no job of the simulated world is on two branches").toBeDefined();
  const others = tabs.filter((other) => other.job === tab.job && other.branch !== tab.branch);

  await page.goto("/");
  await hydrated(page);
  const cell = page.getByRole("listitem").filter({ has: page.locator(`a[href="${tabPath(tab.dashboard, tab.tab)}"][data-testid="tab-cell"]`) });
  const siblings = cell.getByTestId("sibling");
  await expect(siblings).toHaveText(others.map((other) => new RegExp(`^${other.branch}`)));
  const statuses = await siblings.evaluateAll((links) => links.map((link) => link.dataset.status));
  expect(statuses).toEqual(others.map((other) => other.status));
  await siblings.first().click();
  await expect(page).toHaveURL(tabPath(others[0].dashboard, others[0].tab));

  // And back, from the tab itself.
  await page.locator("header").getByTestId("sibling").filter({ hasText: tab.branch }).click();
  await expect(page).toHaveURL(tabPath(tab.dashboard, tab.tab));
});

test("a dashboard group shows each of its dashboards", async ({ page, read }) => {
  const { items } = await read("/api/v2/dashboards");
  const group = items.find((one) => one.group).group;
  const answer = await read(`/api/v2/dashboard-groups/${encodeURIComponent(group)}`);
  await page.goto("/dashboards");
  await page.getByTestId("dashboards").getByRole("link", { name: group, exact: true }).click();
  await expect(page).toHaveURL(`/g/${encodeURIComponent(group)}`);
  const shown = page.getByTestId("dashboard-link");
  await expect(shown).toHaveCount(answer.dashboards.length);
  const statuses = await shown.evaluateAll((links) => links.map((link) => link.dataset.status));
  expect(statuses).toEqual(answer.dashboards.map((one) => one.status));
  await shown.first().click();
  await expect(page).toHaveURL(`/d/${encodeURIComponent(answer.dashboards[0].name)}`);
  await page.getByTestId("dashboard").getByRole("link", { name: group, exact: true }).click();
  await expect(page.getByTestId("group")).toBeVisible();
});

test("each build says how many of its cells failed", async ({ page, broken }) => {
  const { tab, grid } = broken;
  await page.goto(tabPath(tab.dashboard, tab.tab));
  await hydrated(page);
  const failed = grid.columns.map(() => 0);
  for (const row of grid.rows) {
    let column = 0;
    for (const [status, count] of row.statuses) {
      for (const end = column + count; column < end; column += 1) {
        failed[column] += [9, 10, 11, 12, 14].includes(status) ? 1 : 0;
      }
    }
  }
  const shown = await page
    .locator('.head__row[data-kind="failures"] .group')
    .evaluateAll((groups) => groups.map((group) => [Number(group.dataset.column), Number(group.dataset.failed)]));
  expect(shown.length).toBeGreaterThan(0);
  for (const [column, count] of shown) {
    expect(count, `column ${column}`).toBe(failed[column]);
  }
});

function failing(board) {
  return board.tabs.filter((tab) => FAILING.has(tab.status)).length;
}
