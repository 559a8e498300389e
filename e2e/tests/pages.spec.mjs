// Every page, in both themes: nothing in the console, nothing serious for axe.

import { DASHBOARD, TAB } from "../hostile.mjs";
import { expect, hydrated, seriousFindings, tabPath, test } from "./fixtures.mjs";

const pages = {
  overview: () => "/",
  dashboards: () => "/dashboards",
  "dashboard group": () => "/g/sig-release",
  dashboard: ({ tab }) => `/d/${encodeURIComponent(tab.dashboard)}`,
  tab: ({ tab }) => tabPath(tab.dashboard, tab.tab),
  "tab with an open seam": ({ tab, transition }) =>
    `${tabPath(tab.dashboard, tab.tab)}?seam=${encodeURIComponent(transition.build)}`,
  "tab with hostile names": () => tabPath(DASHBOARD, TAB),
};

// Pages that the server draws alone.
const serverPages = {
  search: () => "/tests?q=node",
  infrastructure: () => "/infra",
  "what changed": () => "/changes?since=0",
  "what lies between two versions": ({ transition: { component, from, to } }) =>
    `/compare?component=${component}&from=${from}&to=${to}`,
  "a version": ({ transition: { component, to } }) => `/infra/${component}/${to}`,
  "a search that finds nothing": () => "/tests?q=%3Cscript%3E",
  "a row in depth": ({ tab, grid }) => `${tabPath(tab.dashboard, tab.tab)}/rows/${encodeURIComponent(grid.rows[0].id)}`,
  "rows as a list": ({ tab }) => `${tabPath(tab.dashboard, tab.tab)}/rows`,
  "metrics of a tab": ({ tab }) => `${tabPath(tab.dashboard, tab.tab)}/metrics`,
  status: () => "/status",
  "infrastructure of a component": ({ transition: { component } }) => `/infra/${component}`,
  "two builds compared": ({ tab, grid }) =>
    `/compare?dashboard=${encodeURIComponent(tab.dashboard)}&tab=${encodeURIComponent(tab.tab)}` +
    `&older=${grid.columns[1].build}&newer=${grid.columns[0].build}`,
  "a test on all tabs": ({ grid }) => `/tests/${encodeURIComponent(grid.rows[0].id)}`,
};

/** Goes to a page and waits until it is what a reader has in hand. */
async function open(page, name, path) {
  const answer = await page.goto(path);
  if (!(name in serverPages)) {
    await hydrated(page);
  }
  return answer;
}

for (const theme of ["light", "dark"]) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    for (const [name, path] of Object.entries({ ...pages, ...serverPages })) {
      test(`${name} is clean and accessible`, async ({ page, broken }) => {
        const answer = await open(page, name, path(broken));
        expect(answer.status()).toBe(200);
        await expect(page).toHaveTitle(/Seamgrid/);
        expect(await seriousFindings(page)).toEqual([]);
      });
    }

    test("the page has the theme's colours", async ({ page }) => {
      await page.goto("/");
      await hydrated(page);
      const light = await lightness(page);
      expect(theme === "light" ? light > 0.7 : light < 0.3, `lightness ${light}`).toBe(true);
    });
  });
}

test("the chosen theme is kept", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  expect(await lightness(page)).toBeGreaterThan(0.7);
  await page.getByRole("button", { name: /light and dark/ }).click();
  expect(await lightness(page)).toBeLessThan(0.3);
  await page.reload();
  expect(await lightness(page)).toBeLessThan(0.3);
});

for (const width of [390, 320]) {
  test(`a page of ${width} pixels does not scroll sideways`, async ({ page, broken }) => {
    await page.setViewportSize({ width, height: 844 });
    for (const [name, path] of Object.entries({ ...pages, ...serverPages })) {
      await open(page, name, path(broken));
      const excess = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(excess, path(broken)).toBeLessThanOrEqual(0);
    }
  });
}

test("on a small screen a source is read without scrolling sideways", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/status");
  const row = page.getByTestId("source").first();
  await expect(row).toBeVisible();
  const hidden = await page.evaluate(() => {
    const around = document.querySelector(".source__scroll");
    return around.scrollWidth - around.clientWidth;
  });
  expect(hidden).toBeLessThanOrEqual(0);
});

/** How light the page's ground is, from 0 (black) to 1 (white). */
function lightness(page) {
  return page.evaluate(() => {
    const opaque = (element) => {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.fillStyle = getComputedStyle(element).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      return alpha === 255 ? (red + green + blue) / 765 : null;
    };
    return opaque(document.body) ?? opaque(document.documentElement) ?? 1;
  });
}
