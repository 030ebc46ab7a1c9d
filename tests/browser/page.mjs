// The page of a report in a real browser: `node page.mjs UCCXRAY BUNDLE USAGE MANY [DIR]`.
//
// UCCXRAY is the program, BUNDLE a bundle with a whole case, USAGE one with usage, MANY a bundle of 100,000 events. With DIR, screenshots are
// kept there. Every line on standard output is a check that held or a figure; the first that does not hold ends the run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const [uccxray, bundle, usage, many, keep] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const work = mkdtempSync(join(tmpdir(), "uccxray-page-"));
const EXECUTABLE = process.env.UCCXRAY_CHROMIUM ?? "/usr/bin/chromium";

const say = (text) => console.log(`ok  ${text}`);
const report = (name, path, options = []) => {
  const file = join(work, `${name}.html`);
  execFileSync(uccxray, [path, "-q", "--no-progress", "-o", file, ...options], { stdio: ["ignore", "ignore", "ignore"] });
  return file;
};

const browser = await chromium.launch({
  executablePath: EXECUTABLE,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page whose requests, messages and errors are noted. */
const open = async (file, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const noted = { requests: [], messages: [] };
  page.on("request", (request) => noted.requests.push(request.url()));
  page.on("console", (message) => noted.messages.push(message.text()));
  page.on("pageerror", (error) => noted.messages.push(String(error)));
  await page.goto(pathToFileURL(file).href);
  return { page, noted, close: () => context.close() };
};
const shot = async (page, name) => {
  if (keep) await page.screenshot({ path: join(keep, `${name}.png`), fullPage: true });
};
const counted = (page) => page.textContent("#filter-says");

try {
  const file = report("case", bundle);

  {
    const { page, noted, close } = await open(file);
    assert.deepEqual(noted.requests, [pathToFileURL(file).href]);
    assert.deepEqual(noted.messages, []);
    say("the page loads with one request, its own, and without a message on the console");

    assert.match(await page.textContent("h1"), /OUT OF COMPLIANCE/);
    const fold = await page.evaluate(() =>
      ["h1", ".since", ".fact .big", ".todo"].map((name) => document.querySelector(name).getBoundingClientRect().top));
    assert.ok(fold.every((top) => top >= 0 && top < 900), String(fold));
    say("state, since when, next deadline and what to do stand above the fold");

    assert.match(await page.textContent(".countdown"), /By this computer's clock: .+ (left|ago)/);
    say("the countdown runs by this computer's clock");

    const all = await counted(page);
    await page.fill("#filter", "shortly");
    await page.waitForFunction((before) => document.getElementById("filter-says").textContent !== before, all);
    assert.match(await counted(page), /^1 of \d+ events$/);
    await page.click("#rows tbody tr[data-row]");
    assert.match(await page.textContent("#event"), /MCVD/);
    await page.fill("#filter", "");
    await page.waitForFunction((before) => document.getElementById("filter-says").textContent === before, all);
    say("the filter narrows the events, and an event shows its lines");

    const plot = page.locator("[data-chart=density] .u-over");
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    const ink = () => page.evaluate(() => document.querySelector("[data-chart=timeline] canvas").toDataURL().length);
    const before = await ink();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height / 2, { steps: 8 });
    await page.mouse.up();
    await page.waitForFunction((text) => document.getElementById("filter-says").textContent !== text, all);
    const [hits, of] = (await counted(page)).match(/\d+/g).map(Number);
    assert.ok(hits > 0 && hits < of, `${hits} of ${of}`);
    assert.notEqual(await ink(), before);
    assert.match(await page.textContent("#window-says"), /^2026-04-02 \d\d:\d\d:\d\d \+05:30 to /);
    await page.dblclick("[data-chart=density] .u-over");
    await page.waitForFunction((text) => document.getElementById("filter-says").textContent === text, all);
    say("a stretch dragged on one chart narrows the events and the other charts; a double click shows all again");

    await page.fill("#window-from", "2026-04-02 10:40");
    await page.fill("#window-to", "2026-04-02 10:50");
    await page.press("#window-to", "Enter");
    await page.waitForFunction(() => /^1 of /.test(document.getElementById("filter-says").textContent));
    await page.click("#window button[type=reset]");
    await page.waitForFunction((text) => document.getElementById("filter-says").textContent === text, all);
    say("a stretch typed by hand does the same, from the keyboard");

    await page.focus("#rows");
    const chosen = async () => Number(await page.getAttribute("#rows tbody tr[aria-selected=true]", "data-row"));
    const from = await chosen();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await chosen(), from - 2);
    say("arrow keys walk through the events");

    await page.check("[data-nodes]");
    const lanes = await page.evaluate(() => document.querySelector("[data-chart=timeline] .uplot").clientHeight);
    assert.ok(lanes > 46 * 4, String(lanes));
    say("the timeline shows the nodes on demand");

    await page.evaluate(() => { location.hash = ""; });
    await page.click(".todo a");
    assert.ok(await page.evaluate(() => document.querySelector(location.hash).open));
    say("what to do leads to its check");
    await shot(page, "desktop");
    await close();
  }

  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2, hasTouch: true }],
  ]) {
    const { page, noted, close } = await open(file, options);
    // The policy of the page lets no other script in, so the tool comes by the debugger, outside of it.
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    const serious = found.violations.filter((it) => ["serious", "critical"].includes(it.impact));
    assert.deepEqual(serious.map((it) => [it.id, it.nodes.map((node) => node.html.slice(0, 200))]), []);
    say(`axe-core finds no serious violation: ${name} (${found.violations.length} lesser: ${found.violations.map((it) => it.id).join(", ") || "none"})`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 1, `${name} is ${wide} pixels too wide`);
    assert.deepEqual(noted.messages, []);
    await shot(page, name);
    if (name === "dark") {
      const [back, ink] = await page.evaluate(() => {
        const style = getComputedStyle(document.body);
        return [style.backgroundColor, style.color].map((color) => color.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b));
      });
      assert.ok(back < 150 && ink > 600, `${back} ${ink}`);
      say("dark mode is dark");
    }
    if (name === "phone") say("a phone needs no scrolling sideways");
    await close();
  }

  {
    const { page, close } = await open(file, { javaScriptEnabled: false });
    assert.ok(await page.isVisible("text=OUT OF COMPLIANCE"));
    assert.ok(await page.isVisible("#events .static table"));
    assert.ok(!(await page.isVisible("#grid")));
    say("without scripts the page says the same");
    await close();
  }

  {
    const { page, close } = await open(file, { colorScheme: "dark" });
    const pdf = await page.pdf({ format: "A4", printBackground: true });
    assert.ok(pdf.subarray(0, 5).toString() === "%PDF-" && pdf.length > 50_000);
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.isVisible("#events .static table"));
    assert.ok(!(await page.isVisible("#window")));
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(back, "rgb(255, 255, 255)");
    say(`prints to PDF on white paper, with the plain table of events (${pdf.length} bytes)`);
    await shot(page, "print");
    await close();
  }

  {
    const other = report("usage", usage, ["--purchased", "PREMIUM=10", "--purchased", "STANDARD=40", "--release", "12.5SU2"]);
    const { page, noted, close } = await open(other);
    const canvas = () => page.evaluate(() => document.querySelector("[data-chart=usage] canvas").toDataURL().length);
    const quarters = await canvas();
    await page.check("[data-view='1']");
    assert.notEqual(await canvas(), quarters);
    assert.deepEqual(noted.messages, []);
    say("usage is drawn every 15 minutes and every 8 hours");
    await shot(page, "usage");
    await close();
  }

  {
    const big = report("many", many, ["--year", "2026", "--tz", "UTC"]);
    const { page, noted, close } = await open(big);
    assert.deepEqual(noted.messages, []);
    const events = Number((await counted(page)).match(/of ([\d,]+)/)[1].replaceAll(",", ""));
    assert.ok(events >= 100_000, String(events));
    const paint = await page.evaluate(() => Math.round(performance.getEntriesByName("first-contentful-paint")[0].startTime));
    const rows = await page.evaluate(() => document.querySelectorAll("#rows tbody tr").length);
    assert.ok(rows < 100, `${rows} rows exist`);
    const frames = await page.evaluate(async () => {
      const box = document.getElementById("rows");
      box.scrollIntoView();
      const times = [];
      let last = performance.now();
      for (let step = 0; step < 120; step += 1) {
        box.scrollTop = (box.scrollHeight * step) / 120;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return times.sort((a, b) => a - b);
    });
    const filter = await page.evaluate(async () => {
      const begin = performance.now();
      const says = document.getElementById("filter-says");
      const before = says.textContent;
      document.getElementById("filter").value = "shortly";
      document.getElementById("filter").dispatchEvent(new Event("input"));
      while (says.textContent === before) await new Promise(requestAnimationFrame);
      return performance.now() - begin;
    });
    const at = (part) => frames[Math.floor((frames.length - 1) * part)].toFixed(1);
    say(`${events.toLocaleString("en-US")} events, ${(statSync(big).size / 1e6).toFixed(1)} MB: first paint ${paint} ms; frames while scrolling p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms; filter ${filter.toFixed(0)} ms; ${rows} rows exist`);
    await close();
  }
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
