// Names that lead nowhere.

import { expect, test } from "./fixtures.mjs";

test.use({ provoked: /^status 404: |status of 404/ });

for (const [path, name] of [
  ["/d/no-such-dashboard", "no-such-dashboard"],
  ["/d/no-such-dashboard/no-such-tab", "no-such-dashboard"],
  ["/d/sig-release-master-blocking/no-such-tab", "no-such-tab"],
  ["/no-such-dashboard", "no-such-dashboard"],
  ["/no/such/page/at/all", "/no/such/page/at/all"],
  ["/d/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "<script>alert(1)</script>"],
]) {
  test(`${path} is not found`, async ({ page }) => {
    const answer = await page.goto(path);
    expect(answer.status()).toBe(404);
    await expect(page.locator("main")).toContainText(name);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(/not found/i);
    await page.locator("main").getByRole("link", { name: "Overview" }).click();
    await expect(page.getByTestId("overview")).toBeVisible();
  });
}

test("the API names what it does not know", async ({ request, baseURL }) => {
  for (const path of [
    "/api/v2/dashboards/no-such-dashboard",
    "/api/v2/dashboards/sig-release-master-blocking/tabs/no-such-tab",
    "/api/v2/dashboards/sig-release-master-blocking/tabs/no-such-tab/grid",
  ]) {
    const answer = await request.get(baseURL + path);
    expect(answer.status(), path).toBe(404);
    const { error } = await answer.json();
    expect(error.code).toBe("not_found");
    expect(error.message).toMatch(/no-such-/);
  }
});
