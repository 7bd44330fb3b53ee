// Debian's Chromium, and what every walk needs of it.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const PATIENCE_MS = 30_000;

// Opens a browser of its own for `walk`, and fails if the page logged an error or broke its policy.
// That there is nothing to compare with is a 404, which browsers put on the console.
// `expected`: complaints that are part of the walk.
export async function browse({ expected, ...options }, walk) {
  const folder = mkdtempSync(join(tmpdir(), "nsobs-chromium-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: "/usr/bin/chromium", args: FLAGS, acceptDownloads: true,
    viewport: { width: 1440, height: 900 }, colorScheme: "dark", timezoneId: "UTC", ...options,
  });
  const complaints = [];
  try {
    const page = context.pages()[0] ?? await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await walk(page, context);
    assert.deepEqual(complaints.filter((c) => !/status of 404/.test(c) && !expected?.test(c)), [], "what the page complained of");
  } finally {
    for (const page of context.pages()) await page.unrouteAll({ behavior: "ignoreErrors" }).catch(() => undefined);
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function open(page, url) {
  await page.goto(url);
  await page.waitForSelector('.app[data-loaded="true"]');
}

// Waits until `condition` (run here, not in the page) is true.
export async function until(what, condition, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`never true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const card = (page, name) => page.locator(`.card[data-container="${name}"]`);
export const detail = (page) => page.locator('[data-testid="detail"]');
export const textOf = async (locator) => (await locator.innerText()).replace(/\s+/g, " ");
