// Pages that the server draws alone say when something new would stand on them, and leave what is read as it is.

import { join } from "node:path";

import { failAgain, options, prepareWorld, results, serve } from "../world.mjs";
import { expect, hydrated, test } from "./fixtures.mjs";

const JOB = "ci-kubernetes-verify-master";

/** How long the server may take to see what another process wrote, and the page to ask for it. */
const SOON = { timeout: 45_000 };

test("a page that only tells says that there is something new, and shows it when it is wanted", async ({ page, context }) => {
  test.setTimeout(180_000);
  const folder = join(results, "renewed-world");
  const truth = prepareWorld(folder);
  const server = await serve(folder, "--no-update", ...options);
  const overview = await context.newPage();
  try {
    await overview.goto(server.url);
    await hydrated(overview);
    await overview.evaluate(() => {
      window.isTheSame = true;
    });
    const notes = await overview.getByTestId("notes").textContent();
    await page.goto(`${server.url}/infra`);
    await hydrated(page);
    const details = page.locator("main details", { hasText: "By component and version" });
    await details.evaluate((it) => {
      it.open = true;
      window.isTheSame = true;
    });
    // But for the ages, which go on.
    const words = () =>
      page.getByTestId("infra").evaluate((it) => {
        const copy = it.cloneNode(true);
        for (const time of copy.querySelectorAll("time")) time.remove();
        return copy.textContent;
      });
    const before = await words();
    await expect(page.getByTestId("renewed")).toHaveCount(0);

    failAgain(folder, truth, JOB, 3);

    await expect(page.getByTestId("renewed")).toContainText("something new", SOON);
    expect(await page.evaluate(() => window.isTheSame)).toBe(true);
    expect(await words()).toBe(before);
    await page.getByRole("button", { name: "Show it" }).click();
    await expect(page.getByTestId("renewed")).toHaveCount(0);
    await expect.poll(() => page.evaluate(() => window.isTheSame)).toBeUndefined();
    await expect(details).toHaveJSProperty("open", true);
    expect(await words()).not.toBe(before);
    // The page that renews itself shows it by itself.
    await expect(overview.getByTestId("notes")).not.toHaveText(notes, SOON);
    expect(await overview.evaluate(() => window.isTheSame)).toBe(true);
  } finally {
    await overview.goto("about:blank");
    await page.goto("about:blank");
    await server.stop();
  }
});
