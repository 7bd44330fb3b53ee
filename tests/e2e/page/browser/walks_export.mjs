// The incident that was taken along: the same page from a file, with no daemon.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { browse, card, detail, open, textOf, until } from "./browser.mjs";

// Saves what the page's own link gives.
export async function export_by_hand({ url, folder }) {
  await browse({}, async (page) => {
    await open(page, url);
    await page.getByRole("button", { name: "all", exact: true }).click();
    await page.getByTestId("export").locator("summary").click();
    for (const [name, file] of [["a page that opens anywhere", "incident.html"], ["JSON", "incident.json"]]) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
      await download.saveAs(join(folder, file));
    }
    const incident = JSON.parse(readFileSync(join(folder, "incident.json"), "utf8"));
    assert.equal(incident.format, "nsobserver-incident");
    assert.ok(incident.events.length > 10 && incident.findings.length >= 4 && incident.snapshots.length >= 4);
    assert.ok(incident.containers.some((c) => c.name === "shop"));
  });
}

// `file`: an export. Opened as a file, with every request that it makes an error.
export async function exported({ file, shots }) {
  await browse({ offline: true }, async (page) => {
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    const url = pathToFileURL(file).href;
    await open(page, url);
    await card(page, "shop").waitFor();
    assert.match(await textOf(page.locator(".state")), /incident of/);
    assert.equal(await page.getByTestId("live").count(), 0);
    await card(page, "shop").click();
    const panel = detail(page);
    await panel.locator(".diff .removed", { hasText: "default" }).first().waitFor();
    await panel.locator(".row.finding", { hasText: "net-no-route" }).first().click();
    await panel.locator(".evidence li").first().waitFor();
    await panel.locator(".row.snapshot").first().click();
    await panel.getByRole("tab", { name: "net" }).click();
    await panel.locator("td", { hasText: "eth0" }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator('.label:has(bdi:text-is("evil")) .name').click();
    await page.locator(".list .event", { hasText: "onerror" }).first().waitFor();
    assert.equal(await page.locator("#app img").count(), 0);
    assert.equal(await page.title(), "nsobserver");
    await page.getByRole("button", { name: "all containers" }).click();
    await page.keyboard.press("/");
    await page.keyboard.type("203.0.113.9");
    await until("search works in the file", async () => {
      const lines = await page.locator(".list .event").allInnerTexts();
      return lines.some((line) => line.includes("203.0.113.9")) && !lines.some((line) => /OOM|cron|evil/.test(line));
    });
    await page.screenshot({ path: join(shots, "export.png") });
    assert.deepEqual(asked.filter((u) => !u.startsWith("data:") && u.split("#")[0] !== url), [], "it asks nobody");
  });
}
