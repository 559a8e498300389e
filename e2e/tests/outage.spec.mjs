// The server or its database is gone for a while: every open page says so, keeps what it shows, and goes on
// by itself.

import { join } from "node:path";

import { options, prepareWorld, results, serve } from "../world.mjs";
import { expect, hearReload, hydrated, tabPath, test } from "./fixtures.mjs";

const DASHBOARD = "sig-release-master-blocking";
const TAB = "verify-master";

/** A page looks every few seconds. */
const SOON = { timeout: 30_000 };

// What the browser itself says of a server that is gone, and of one that begins or ends.
test.use({ provoked: /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|no answer: |ERR_FAILED|status (of )?(503|404)/i });

test("every page tells that the server is gone, stays usable, and goes on by itself", async ({ page, context }) => {
  test.setTimeout(180_000);
  const folder = join(results, "outage-world");
  prepareWorld(folder);
  let server = await serve(folder, "--no-update", ...options);
  const { host } = new URL(server.url);
  const [dashboard, infra, tab] = [await context.newPage(), await context.newPage(), await context.newPage()];
  const pages = [page, dashboard, infra, tab];
  try {
    const addresses = ["/", `/d/${DASHBOARD}`, "/infra", tabPath(DASHBOARD, TAB)];
    for (const [index, address] of addresses.entries()) {
      await pages[index].goto(server.url + address);
      await hydrated(pages[index]);
      await pages[index].evaluate(() => {
        window.isTheSame = true;
      });
      await expect(pages[index].getByTestId("outage")).toHaveCount(0);
    }
    const headings = await Promise.all(pages.map((one) => one.locator("h1").first().textContent()));
    await server.stop();
    for (const [index, one] of pages.entries()) {
      await expect(one.getByTestId("outage")).toContainText("The server cannot be reached since", SOON);
      await expect(one.locator("h1").first()).toHaveText(headings[index]);
    }
    // What is there can be used; what is not says so.
    await dashboard.getByRole("link", { name: TAB, exact: true }).first().click();
    await expect(dashboard.getByTestId("problem")).toContainText("appears by itself");

    server = await serve(folder, "--no-update", "--listen", host, ...options);
    for (const one of pages) {
      await expect(one.getByTestId("outage")).toHaveCount(0, SOON);
    }
    for (const one of [page, infra, tab]) {
      expect(await one.evaluate(() => window.isTheSame)).toBe(true);
    }
    await expect(dashboard.getByTestId("grid")).toBeVisible(SOON);
  } finally {
    for (const one of pages) {
      await one.goto("about:blank");
    }
    await server.stop();
  }
});

test("a database that gives no answer is told in the reader's zone, as long as it is so", async ({ page }) => {
  const since = "2026-11-20T14:05:00Z";
  await page.route("**/api/v2/health", (route) => route.fulfill({ json: { database_silent_since: since } }));
  for (const address of ["/", "/changes"]) {
    await page.goto(address);
    await expect(page.getByTestId("outage")).toHaveText(
      "The database gives no answer since 20 Nov 2026 14:05; these are the last results that were read.",
    );
  }
  await page.unroute("**/api/v2/health");
  await expect(page.getByTestId("outage")).toHaveCount(0, SOON);
});

test("a page whose listening was refused for a moment listens again", async ({ page }) => {
  let refused = 0;
  for (const address of ["/infra", `${tabPath(DASHBOARD, TAB)}/rows`, tabPath(DASHBOARD, TAB)]) {
    // As a proxy does while the server behind it begins: a browser never comes again by itself.
    await page.route("**/api/v2/events", (route) => {
      refused += 1;
      return route.fulfill({ status: 503, body: "" });
    });
    const before = refused;
    await page.goto(address);
    await hydrated(page);
    await expect.poll(() => refused).toBeGreaterThan(before);
    const heard = page.waitForResponse((answer) => answer.url().endsWith("/api/v2/events") && answer.ok(), SOON);
    await page.unroute("**/api/v2/events");
    await heard;
  }
});

test("what could not be fetched while the server was gone comes by itself", async ({ page }) => {
  await page.goto(tabPath(DASHBOARD, TAB));
  await hydrated(page);
  await page.route("**/rows/**", (route) => route.abort("connectionrefused"));
  await page.getByTestId("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+Enter");
  const panel = page.getByTestId("row-panel");
  await expect(panel.getByRole("alert")).toContainText("appears by itself");
  await page.unroute("**/rows/**");
  await expect(panel.getByTestId("row-counts")).toBeVisible(SOON);
});

test("a tab that is configured no more says so", async ({ page }) => {
  await page.goto(tabPath(DASHBOARD, TAB));
  await hydrated(page);
  const error = { code: "not_found", message: "there is no such tab" };
  await page.route(`**/api/v2/dashboards/${DASHBOARD}/tabs/${TAB}`, (route) =>
    route.fulfill({ status: 404, json: { error } }),
  );
  await hearReload(page);
  await expect(page.getByTestId("notes")).toContainText("is not configured any more", SOON);
  await expect(page.getByTestId("grid")).toBeVisible();
});
