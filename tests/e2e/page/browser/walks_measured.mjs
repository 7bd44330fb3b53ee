// How fast it is, on a timeline of 100,000 events.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { browse, open } from "./browser.mjs";

const FRAME_MS = 16;
const FIRST_PAINT_MS = 300;

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

// Scripting of each animation frame while the mouse pans and zooms: from Chromium's own trace of tasks
// of the page's thread, so that whatever the page does is in it.
async function scripting(page, work) {
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on("Tracing.dataCollected", (data) => events.push(...data.value));
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: {
    includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"] } });
  await work();
  const done = new Promise((resolve) => client.once("Tracing.tracingComplete", resolve));
  await client.send("Tracing.end");
  await done;
  // FunctionCall nests; the outermost of each thread is what counts. Input handlers and the frame's
  // callbacks between two frames are summed up as that frame's.
  const calls = events.filter((e) => e.ph === "X" && ["FunctionCall", "EvaluateScript", "FireAnimationFrame", "EventDispatch", "TimerFire", "RunMicrotasks"].includes(e.name))
    .sort((a, b) => a.tid - b.tid || a.ts - b.ts || b.dur - a.dur);
  const outer = [];
  for (const call of calls) {
    const last = outer[outer.length - 1];
    if (last && last.tid === call.tid && call.ts < last.ts + last.dur) continue;
    outer.push(call);
  }
  outer.sort((a, b) => a.ts - b.ts);
  const frames = [];
  let sum = 0;
  for (const call of outer) {
    sum += (call.tdur ?? call.dur) / 1000; // CPU time: another process's turn is not the page's
    if (call.name !== "FireAnimationFrame") continue;
    frames.push(sum);
    sum = 0;
  }
  return frames.sort((a, b) => a - b);
}

export async function frames({ url, shots, events }) {
  await browse({}, async (page) => {
    await open(page, url);
    const drawn = await page.evaluate(() => [...document.querySelectorAll(".chip[data-kind]:not([data-kind=finding]):not([data-kind=snapshot]) small")].reduce((n, e) => n + Number(e.textContent), 0));
    assert.ok(drawn >= events, `${drawn} events are on the page`);
    await page.getByRole("button", { name: "all", exact: true }).click();
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(shots, "dense.png") });
    const box = await page.locator(".area").boundingBox();
    const sorted = await scripting(page, async () => {
      await page.mouse.move(box.x + box.width / 2, box.y + 80);
      for (let n = 0; n < 30; n++) await page.mouse.wheel(0, -60);
      await page.mouse.down();
      await page.mouse.move(box.x + 100, box.y + 80, { steps: 60 });
      await page.mouse.move(box.x + box.width - 100, box.y + 80, { steps: 60 });
      await page.mouse.up();
      for (let n = 0; n < 30; n++) await page.mouse.wheel(0, 60);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2 - 300, box.y + 80, { steps: 60 });
      await page.mouse.up();
    });
    const figures = { frames: sorted.length, median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), most: sorted[sorted.length - 1] };
    console.log(JSON.stringify(figures));
    assert.ok(figures.frames > 50, "frames were drawn");
    assert.ok(figures.p95 < FRAME_MS, `95 % of the frames need less than ${FRAME_MS} ms of scripting: ${JSON.stringify(figures)}`);
  });
}

export async function first_paint({ url }) {
  await browse({}, async (page) => {
    const times = [];
    for (let n = 0; n < 5; n++) {
      await open(page, url);
      times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
      await page.goto("about:blank");
    }
    times.sort((a, b) => a - b);
    console.log(JSON.stringify({ median: times[2], times }));
    assert.ok(times[2] < FIRST_PAINT_MS, `first paint: ${times}`);
  });
}
