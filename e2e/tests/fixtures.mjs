// What every test stands on: the address of the server, a page whose console is watched, and what the
// API says is there to be found.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

import { test as base, expect } from "@playwright/test";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export { expect };

export const test = base.extend({
  baseURL: async ({}, use) => {
    await use(process.env.SEAMGRID_URL);
  },

  /** The complaints that a test provokes: the browser itself tells of every 404. None by default. */
  provoked: [/(?!)/, { option: true }],

  /** Everything that the page complained of; checked when the test is over. */
  complaints: [
    async ({ page, provoked }, use) => {
      const complaints = [];
      const complain = (text) => {
        if (!provoked.test(text)) {
          complaints.push(text);
        }
      };
      page.on("console", (message) => {
        const text = message.text();
        if (["error", "warning", "assert"].includes(message.type()) || /hydrat|panicked/i.test(text)) {
          complain(`${message.type()}: ${text} (${message.location().url})`);
        }
      });
      page.on("pageerror", (error) => complain(`exception: ${error.message}`));
      page.on("requestfailed", (request) => {
        // A page that is left ends what it was still loading.
        if (request.failure()?.errorText !== "net::ERR_ABORTED") {
          complain(`no answer: ${request.url()}: ${request.failure()?.errorText}`);
        }
      });
      page.on("response", (response) => {
        if (response.status() >= 400) {
          complain(`status ${response.status()}: ${response.url()}`);
        }
      });
      await use(complaints);
      expect(complaints, "the page complained").toEqual([]);
    },
    { auto: true },
  ],

  /** What the simulation says is true. */
  truth: async ({}, use) => {
    await use(JSON.parse(readFileSync(join(process.env.SEAMGRID_WORLD, "truth.json"), "utf8")));
  },

  /** Reads one answer of the API. */
  read: async ({ request, baseURL }, use) => {
    await use(async (path) => {
      const answer = await request.get(baseURL + path);
      expect(answer.status(), path).toBe(200);
      return answer.json();
    });
  },

  /**
   * A tab with an infra transition across which rows broke, as the API tells it: the tab with the
   * most such rows.
   */
  broken: async ({ read }, use) => {
    let found;
    for (const release of (await read("/api/v2/releases")).items) {
      for (const tier of release.tiers) {
        for (const tab of tier.tabs) {
          const grid = await read(apiGrid(tab.dashboard, tab.tab));
          for (const transition of grid.transitions) {
            if (
              transition.kind === "infra" &&
              transition.certain &&
              transition.from !== null &&
              transition.broke > (found?.transition.broke ?? 0)
            ) {
              found = { release, tier, tab, grid, transition };
            }
          }
        }
      }
    }
    expect(found, "no infra transition broke anything in the simulated world").toBeDefined();
    await use(found);
  },
});

/** The path of a tab's page. */
export function tabPath(dashboard, tab) {
  return `/d/${encodeURIComponent(dashboard)}/${encodeURIComponent(tab)}`;
}

/** The path of a tab's grid in the API. */
export function apiGrid(dashboard, tab) {
  return `/api/v2/dashboards/${encodeURIComponent(dashboard)}/tabs/${encodeURIComponent(tab)}/grid`;
}

/** The seam at a transition of the API. */
export function seamOf(page, transition) {
  return page.locator(
    `[data-testid="seam"][data-build="${transition.build}"][data-component*="${transition.component}"]`,
  );
}

/** Waits until the page has been taken over by the browser's half. */
export async function hydrated(page) {
  // The whole grid or nothing more is on its way, and the event handlers are there.
  await page.waitForLoadState("networkidle");
}

/** The page goes out of sight and comes back. */
export async function leaveAndReturn(page) {
  await page.evaluate(() => {
    for (const hidden of [true, false]) {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }
  });
}

/** Lets the page hear that anything may have changed. */
export async function hearReload(page) {
  const body = "id: another\nevent: reload\ndata: {}\n\n";
  await page.route("**/api/v2/events", (route) => route.fulfill({ contentType: "text/event-stream", body }));
  // It listens anew.
  await leaveAndReturn(page);
}

/** What axe finds serious or critical, as readable lines. */
export async function seriousFindings(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const answer = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return answer.violations
      .filter((violation) => ["serious", "critical"].includes(violation.impact))
      .map((violation) => ({
        rule: violation.id,
        help: violation.help,
        where: violation.nodes.slice(0, 5).map((node) => `${node.target.join(" ")}: ${node.failureSummary}`),
        count: violation.nodes.length,
      }));
  });
  return found.map(({ rule, help, where, count }) => `${rule} (${count}): ${help}\n  ${where.join("\n  ")}`);
}
