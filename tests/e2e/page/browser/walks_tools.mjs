// What the page offers to find one's way: zoom, pan, filters, search, keys, live tail, links, themes, phones.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { browse, card, detail, open, textOf, until } from "./browser.mjs";

const viewOf = async (page) => {
  await page.waitForTimeout(400); // the address follows the view
  const words = new URLSearchParams((await page.evaluate(() => location.hash)).slice(1));
  return { from: Date.parse(words.get("from")), to: Date.parse(words.get("to")), words };
};
const size = (view) => view.to - view.from;

export async function zoom_and_pan({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    await page.keyboard.press("f"); // the live tail moves what is measured here
    const before = await viewOf(page);
    const area = page.locator(".area");
    const box = await area.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + 60);
    await page.mouse.wheel(0, -400);
    const zoomed = await viewOf(page);
    assert.ok(size(zoomed) < size(before) * 0.8, "the wheel zooms");
    await page.mouse.move(box.x + 300, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 600, box.y + 60, { steps: 6 });
    await page.mouse.up();
    const panned = await viewOf(page);
    const moved = (zoomed.from - panned.from) / size(zoomed);
    assert.ok(Math.abs(moved - 300 / box.width) < 0.05, `dragging pans by as much: ${moved}`);
    assert.ok(Math.abs(size(panned) / size(zoomed) - 1) < 0.01, "and keeps the size");
    await page.getByRole("button", { name: "all", exact: true }).click();
    await until("wider", async () => size(await viewOf(page)) > size(panned));
  });
}

export async function click_a_mark({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    await page.keyboard.press("f"); // else marks and lanes move while they are looked for
    const lane = page.locator('.label:has(bdi:text-is("report"))');
    await lane.scrollIntoViewIfNeeded();
    const label = await lane.boundingBox();
    const area = await page.locator(".area").boundingBox();
    let hit = "";
    for (let x = area.x + 4; x < area.x + area.width && !hit; x += 1) {
      await page.mouse.move(x, label.y + label.height - 8);
      if (await page.locator(".tip.on").count()) hit = await textOf(page.locator(".tip.on"));
      if (hit && !/OOM/.test(hit)) hit = "";
      if (hit) await page.mouse.click(x, label.y + label.height - 8);
    }
    assert.match(hit, /OOM kill/, "what lies under the mouse is told");
    await detail(page).locator(".title.event").waitFor();
    assert.match(await textOf(detail(page)), /OOM kill/);
  });
}

export async function filters({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    const rows = page.locator(".list .event");
    const kinds = async () => [...new Set(await page.locator(".list .event .kind").allInnerTexts())];
    await rows.first().waitFor();
    assert.ok((await kinds()).includes("connect failure"));
    await page.locator('.chip[data-kind="connect_failure"]').click();
    await until("connect failures are hidden", async () => !(await kinds()).includes("connect failure"));
    await page.locator('.chip[data-kind="oom_kill"]').dblclick();
    await until("nothing but OOM kills", async () => (await kinds()).join() === "OOM kill");
    assert.match((await viewOf(page)).words.get("hide"), /connect_failure/, "the link keeps the filter");
  });
}

export async function search({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    await page.keyboard.press("/");
    await page.keyboard.type("203.0.113.9");
    await until("only lanes with a match", async () => {
      const lanes = await page.locator(".label.depth0 .name > bdi").allInnerTexts();
      return lanes.length > 0 && lanes.length <= 2 && lanes.includes("shop") && !lanes.includes("cron");
    });
    // What matches may stand in the arguments of a program: not in its line, but in its details.
    await until("only events with a match", async () => {
      const lines = await page.locator(".list .event").allInnerTexts();
      return lines.some((line) => line.includes("203.0.113.9")) && !lines.some((line) => /OOM|cron|evil/.test(line));
    });
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await until("all lanes again", async () => (await page.locator(".label.depth0").count()) >= 6);
  });
}

export async function keyboard({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    await page.keyboard.press("n");
    await detail(page).locator(".title.finding").waitFor();
    const newest = await textOf(detail(page).locator(".sort"));
    await page.keyboard.press("p");
    await until("an earlier finding", async () => (await textOf(detail(page).locator(".sort"))) !== newest);
    await page.keyboard.press("Escape");
    await until("closed", async () => (await detail(page).count()) === 0);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const focus = await textOf(page.locator(".label.focus .name > bdi"));
    await page.keyboard.press("Enter");
    await until("the lane's container", async () => (await textOf(detail(page).locator(".title h2"))) === focus);
    await page.keyboard.press("ArrowRight");
    await detail(page).locator(".title.event").waitFor();
    const before = await viewOf(page);
    await page.keyboard.press("+");
    await until("closer", async () => size(await viewOf(page)) < size(before));
    await page.keyboard.press("l");
    await until("later", async () => (await viewOf(page)).from > before.from);
    await page.keyboard.press("?");
    await page.locator(".help kbd").first().waitFor();
    await page.keyboard.press("Escape");
    await until("closed", async () => (await page.locator(".help").count()) === 0);
  });
}

// `act` makes a container fail while the page is open: it reads a line on standard output.
export async function live({ url }) {
  await browse({}, async (page) => {
    await open(page, url);
    assert.equal(await page.getByTestId("live").getAttribute("aria-pressed"), "true");
    assert.equal(await card(page, "queue").count(), 0, "queue is well");
    console.log("READY");
    const began = Date.now();
    await card(page, "queue").waitFor();
    const line = page.locator(".list .event", { hasText: "127.0.0.1:4999" }).first();
    await line.waitFor();
    console.log(`shown after ${Date.now() - began} ms`);
    assert.match(await textOf(line), /queue/);
    await page.keyboard.press("h");
    await page.keyboard.press("h");
    await until("who looks back is left alone", async () => (await page.getByTestId("live").getAttribute("aria-pressed")) === "false");
    const view = await viewOf(page);
    await page.waitForTimeout(2500);
    assert.deepEqual((await viewOf(page)).from, view.from);
  });
}

export async function deep_link({ url }) {
  let link = "";
  await browse({}, async (page) => {
    await open(page, url);
    await page.locator('.label:has(bdi:text-is("shop")) .twist').click();
    await card(page, "cron").click();
    await detail(page).locator(".row.finding", { hasText: "pid-term-ignored" }).first().click();
    await page.locator('.chip[data-kind="namespace_change"]').click();
    await page.keyboard.press("h");
    await page.keyboard.press("+");
    await viewOf(page);
    link = page.url();
  });
  await browse({}, async (page) => {
    await open(page, link);
    await detail(page).locator(".title.finding", { hasText: "cron" }).waitFor();
    assert.equal(await page.locator('.chip[data-kind="namespace_change"]').getAttribute("aria-pressed"), "false");
    assert.ok(await page.locator(".label.depth1").count() > 0, "the open lane");
    assert.equal(await page.getByTestId("live").getAttribute("aria-pressed"), "false");
    const then = new URLSearchParams(new URL(link).hash.slice(1));
    const now = (await viewOf(page)).words;
    for (const word of ["from", "to", "show", "hide", "open"]) assert.equal(now.get(word), then.get(word), word);
  });
}

// What a container chose is text, and visible text at that.
export async function hostile({ url, path }) {
  await browse({ expected: /Content Security Policy/ }, async (page) => {
    await open(page, url);
    await page.locator('.label:has(bdi:text-is("evil")) .name').click();
    const line = page.locator(".list .event", { hasText: "onerror" }).first();
    await line.waitFor();
    await line.click();
    await detail(page).locator(".title.event").waitFor();
    const text = await textOf(detail(page));
    assert.ok(text.includes("</script><img src=x onerror="), "as it was written");
    assert.ok(!text.includes("\u202e"), "nothing turns the text round");
    assert.match(text, /\\u\{202e\}/);
    assert.ok(path.includes("\u202e"), "the test's own text does");
    assert.equal(await page.locator("#app img, #app script, #app b:text-is('evil')").count(), 0);
    assert.equal(await page.title(), "nsobserver");
    const blocked = await page.evaluate(() => {
      window.broken = [];
      document.addEventListener("securitypolicyviolation", (e) => window.broken.push(e.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.owned = 1";
      document.body.append(script);
      return new Promise((resolve) => setTimeout(() => resolve([window.owned ?? 0, window.broken.length]), 100));
    });
    assert.equal(blocked[0], 0, "it did not run");
    assert.ok(blocked[1] >= 1, "the policy stops a script that got in all the same");
  });
}

export async function themes({ url, shots }) {
  await browse({ colorScheme: "light" }, async (page) => {
    await open(page, url);
    const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(await back(), "rgb(255, 255, 255)", "as the system says");
    await card(page, "shop").click();
    await detail(page).locator(".row.finding").first().waitFor();
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(shots, "light.png") });
    await page.getByTestId("theme").click();
    await until("dark", async () => (await back()) !== "rgb(255, 255, 255)");
    await page.reload();
    await until("dark as it was chosen", async () => (await back()) !== "rgb(255, 255, 255)");
  });
}

export async function phone({ url, shots }) {
  await browse({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }, async (page) => {
    await open(page, url);
    await card(page, "shop").waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `nothing sticks out: ${wide}`);
    await page.locator(".list .event").first().waitFor();
    await page.screenshot({ path: join(shots, "phone.png"), scale: "css" });
    await card(page, "shop").tap();
    await detail(page).locator(".row.finding").first().waitFor();
    await detail(page).locator(".close").tap();
    await until("closed", async () => (await detail(page).count()) === 0);
  });
}
