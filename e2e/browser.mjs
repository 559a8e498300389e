// The browser: the system's Chromium, named by `cargo xtask` in CHROMIUM.

import { existsSync } from "node:fs";
import process from "node:process";

const candidates = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Launch options for Playwright. */
export const launchOptions = {
  executablePath: candidates.find((path) => path && existsSync(path)),
  args: [
    // Containers run as root, without the name spaces that the sandbox needs.
    "--no-sandbox",
    "--disable-gpu",
    // Nothing but our own server is asked for anything.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

if (!launchOptions.executablePath) {
  throw new Error("Chromium is missing: name its program in the variable CHROMIUM");
}
