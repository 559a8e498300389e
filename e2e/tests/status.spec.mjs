// How it stands with the sources, on a server that reads them.

import { join } from "node:path";

import { options, prepareWorld, results, serve } from "../world.mjs";
import { expect, seriousFindings, test } from "./fixtures.mjs";

test("sources are told in both themes, as a list on a small screen", async ({ page }) => {
  test.setTimeout(120_000);
  const folder = join(results, "status-world");
  prepareWorld(folder);
  const server = await serve(folder, ...options);
  try {
    const source = page.getByTestId("source").first();
    await expect(async () => {
      await page.goto(`${server.url}/status`);
      await expect(source).toBeVisible({ timeout: 500 });
    }).toPass({ timeout: 30_000 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousFindings(page)).toEqual([]);
    }
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      const hidden = await page.evaluate(() =>
        [document.documentElement, document.querySelector(".source__scroll")].map(
          (element) => element.scrollWidth - element.clientWidth,
        ),
      );
      expect(hidden, `${width} pixels`).toEqual([0, 0]);
      await expect(source.locator('[data-label="Last read"]')).toBeVisible();
    }
    await source.getByRole("link").click();
    await expect(page).toHaveURL(/\/status\/./);
    expect(await seriousFindings(page)).toEqual([]);
  } finally {
    await server.stop();
  }
});
