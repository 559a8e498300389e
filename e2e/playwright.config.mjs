import { defineConfig } from "@playwright/test";

import { launchOptions } from "./browser.mjs";

export default defineConfig({
  testDir: "tests",
  outputDir: "results/tests",
  globalSetup: "./global-setup.mjs",
  globalTimeout: 15 * 60_000,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  workers: 2,
  // A test that passes at the second try has failed.
  retries: 0,
  forbidOnly: true,
  reporter: [["list"], ["json", { outputFile: "results/report.json" }]],
  use: {
    launchOptions,
    viewport: { width: 1440, height: 900 },
    timezoneId: "UTC",
    locale: "en-GB",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
});
