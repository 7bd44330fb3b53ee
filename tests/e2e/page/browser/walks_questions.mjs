// The five questions of whoever opens the page, in their order.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { browse, card, detail, open, textOf, until } from "./browser.mjs";

// Which containers are in trouble now?
export async function trouble({ url, shots }) {
  await browse({}, async (page) => {
    await open(page, url);
    for (const name of ["shop", "report", "cron", "api"]) await card(page, name).waitFor();
    for (const well of ["ledger", "queue"]) assert.equal(await card(page, well).count(), 0, `${well} is well`);
    assert.match(await textOf(card(page, "shop")), /net-no-route/);
    assert.match(await textOf(card(page, "api")), /net-local-only/);
    const level = await card(page, "report").getAttribute("class");
    assert.match(level, /critical/, "an OOM kill is critical");
    const lanes = await page.locator(".label.depth0 .name > bdi").allInnerTexts();
    for (const name of ["shop", "ledger", "report"]) assert.ok(lanes.includes(name), `${name} has a lane`);
    await page.screenshot({ path: join(shots, "trouble.png") });
  });
}

// What happened to this one, when, in which namespace?
export async function happened({ url, inodes }) {
  await browse({}, async (page) => {
    await open(page, url);
    await card(page, "shop").click();
    await until("its heading", async () => /What happened to shop/.test(await textOf(page.locator(".list h2"))));
    const line = page.locator(".list .event", { hasText: "connect failure" }).first();
    await line.waitFor();
    const text = await textOf(line);
    assert.match(text, /\d\d:\d\d:\d\d\.\d{3}/, "when");
    assert.match(text, new RegExp(`net:${inodes.shop}`), "in which namespace");
    assert.match(text, /203\.0\.113\.9:443/);
    assert.equal(await page.locator(".list .event b", { hasText: "cron" }).count(), 0, "only this one");
    await line.click();
    const panel = detail(page);
    await panel.locator("text=ENETUNREACH").first().waitFor();
    assert.match(await textOf(panel), /203\.0\.113\.9/);
  });
}

// Its lane opens into its namespaces; lanes may be those of namespaces altogether.
export async function namespaces({ url, inodes, shots }) {
  await browse({}, async (page) => {
    await open(page, url);
    await page.locator('.label:has(bdi:text-is("shop")) .twist').click();
    await page.locator(".label.depth1", { hasText: `net:[${inodes.shop}]` }).waitFor();
    await page.screenshot({ path: join(shots, "namespaces.png") });
    await page.getByTestId("grouping").click();
    await page.locator(".label.depth0", { hasText: `net:[${inodes.shop}]` }).first().waitFor();
    const note = await textOf(page.locator(".label.depth0", { hasText: `net:[${inodes.shop}]` }).first());
    assert.match(note, /shop/, "whose namespace it is");
  });
}

// What does nsobserver say is wrong, and on what evidence?
export async function evidence({ url, shots }) {
  await browse({}, async (page) => {
    await open(page, url);
    await card(page, "shop").click();
    await detail(page).locator(".row.finding", { hasText: "net-no-route" }).first().click();
    const panel = detail(page);
    await panel.locator(".title.finding").waitFor();
    await panel.locator(".lines .event").first().waitFor();
    const text = await textOf(panel);
    assert.match(text, /certain/);
    assert.match(text, /EVIDENCE/i);
    assert.ok(await panel.locator(".evidence li").count() >= 1, "claims");
    assert.match(await textOf(panel.locator(".evidence summary").first()), /^\//, "each points into the record");
    assert.match(text, /WHAT TO DO/i);
    await page.screenshot({ path: join(shots, "evidence.png") });
  });
}

// What did its namespace look like then, and what had changed since it was healthy?
export async function changed({ url, shots }) {
  await browse({}, async (page) => {
    await open(page, url);
    await card(page, "shop").click();
    const panel = detail(page);
    await panel.locator(".diff .removed", { hasText: "default" }).first().waitFor();
    await panel.locator(".row.finding", { hasText: "net-no-route" }).first().click();
    await panel.locator(".row.snapshot").first().click();
    await panel.locator(".title.snapshot").waitFor();
    const gone = panel.locator(".diff .removed", { hasText: "default" });
    await gone.first().waitFor();
    await page.locator(".list .event").first().waitFor();
    await page.screenshot({ path: join(shots, "changes.png") });
    await panel.getByRole("tab", { name: "net" }).click();
    await until("its routes without a default", async () => {
      const routes = await textOf(panel.locator("section", { hasText: /^Routes/i }).first());
      return /10\.\d+\.\d+\.0\/\d+/.test(routes) && !/default/.test(routes);
    });
    await panel.getByRole("tab", { name: "processes" }).click();
    await panel.locator("td", { hasText: "toolbox" }).first().waitFor();
    await panel.getByRole("tab", { name: "changes" }).click();
    const others = await panel.getByTestId("compare").locator("option").count();
    assert.ok(others >= 2, "it can be compared with another look");
    await panel.getByTestId("compare").selectOption({ index: others - 1 });
    await gone.first().waitFor();
  });
}

// Who entered it?
export async function entered({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    await card(page, "shop").click();
    const came = detail(page).locator(".entries .event");
    await came.first().waitFor();
    await until("who entered it", async () => /(nsenter|ip)\[\d+\]/.test((await came.allInnerTexts()).join(" ")));
    await came.filter({ hasText: /(nsenter|ip)\[/ }).first().click();
    await detail(page).locator(".title.event").waitFor();
    const text = await textOf(detail(page));
    assert.match(text, /setns/);
    assert.match(text, /host/, "from where");
  });
}
