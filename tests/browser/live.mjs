// The live page in a real browser: `node live.mjs UCCXRAY [DIR]`.
//
// UCCXRAY is the program. With DIR, screenshots are kept there. Every line on standard output is a check that held or a figure; the first
// that does not hold ends the run. `promtool` of Debian's package `prometheus` must be installed.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const [uccxray, keep] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const work = mkdtempSync(join(tmpdir(), "uccxray-live-"));
const EXECUTABLE = process.env.UCCXRAY_CHROMIUM ?? "/usr/bin/chromium";
/** What a reader calls at once. */
const SHOWN_WITHIN_MS = 1000;
const TOKEN = "a-token-for-this-test-only";

const say = (text) => console.log(`ok  ${text}`);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- the watch ----

const running = new Set();

/** Starts a watch, and waits until it says where it can be reached. */
const start = async (state, options = []) => {
  const args = ["watch", "--plain", "--quiet", "--listen", "udp://127.0.0.1:0", "--state", join(work, state), "--release", "12.5SU2", ...options];
  const child = spawn(uccxray, args, { cwd: work, stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const said = [];
  const lines = createInterface({ input: child.stderr });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", () => fail(new Error(`the watch ended: ${said.join("\n")}`)));
    let udp;
    lines.on("line", (line) => {
      said.push(line);
      udp = line.match(/listening at (?:udp:\/\/)?[\d.]+:(\d+)/)?.[1] ?? udp;
      const page = line.match(/http:\/\/[\d.]+:(\d+)\//)?.[1];
      if (page) done({ child, udp: Number(udp), port: Number(page), url: `http://127.0.0.1:${page}/` });
    });
  });
};
const end = async (watch, signal) => {
  const ended = once(watch.child, "exit");
  watch.child.kill(signal);
  return (await ended)[0];
};

/** What is answered to one request, written down as it came. */
const ask = (url, headers = {}) =>
  new Promise((done, fail) => {
    get(url, { headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (more) => (body += more));
      response.on("end", () => done({ status: response.statusCode, headers: response.headers, body }));
    }).on("error", fail);
  });

// ---- alarms, as CiscoLog writes them and a node sends them ----

const socket = createSocket("udp4");
let sequence = 0;
const stamp = (at) => {
  const [, day, month, year, time] = at.toUTCString().match(/, (\d\d) (\w{3}) (\d{4}) ([\d:]{8})/);
  return `${month} ${day} ${year} ${time}.${String(at.getUTCMilliseconds()).padStart(3, "0")} UTC`;
};
const send = (watch, mnemonic, tags, text) => {
  sequence += 1;
  const line = `<185>${sequence}: uccxpub: ${stamp(new Date())} :  %UC_LIB_LICENSE-${mnemonic}: %${tags}[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: ${text}`;
  socket.send(line, watch.udp, "127.0.0.1");
};
const countdown = (watch) =>
  send(watch, "1-SYSTEM_TO_ENTER_OOC_STATE", "[The time remaining to enter OOC state=45 minutes]", "This Product Instance will enter Out of Compliance state because of insufficient licenses.");
const outOfCompliance = (watch) =>
  send(watch, "1-SYSTEM_IN_OOC_STATE", "", "This Product Instance is currently in Out of Compliance state because of insufficient licenses.");
const late = (watch, text) => send(watch, "4-ENTITLEMENT_REPORT_DELAYED", "[Reason=queue is full]", text);

// ---- the browser ----

const browser = await chromium.launch({
  executablePath: EXECUTABLE,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page whose requests, messages and errors are noted. */
const open = async (url, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const noted = { requests: [], messages: [] };
  page.on("request", (request) => noted.requests.push(request.url()));
  page.on("console", (message) => noted.messages.push(message.text()));
  page.on("dialog", (dialog) => noted.messages.push(dialog.message()));
  page.on("pageerror", (error) => noted.messages.push(String(error)));
  // Not until the network is idle: the stream of the page never ends.
  const answer = await page.goto(url, { waitUntil: "load" });
  return { page, context, noted, answer, close: () => context.close() };
};
const shot = async (page, name) => {
  if (keep) await page.screenshot({ path: join(keep, `live-${name}.png`), fullPage: true });
};
const link = (page, says) => page.waitForFunction((says) => document.getElementById("link").textContent.startsWith(says), says, { timeout: 15_000 });

/** Sends with `tell`, and says how many milliseconds later `text` stands in part `id` of the page. */
const until = async (page, id, text, tell) => {
  await page.evaluate(([id, text]) => {
    window.shown = new Promise((done) => {
      const place = document.getElementById(id);
      const observer = new MutationObserver(() => {
        if (!place.textContent.includes(text)) return;
        observer.disconnect();
        // What is put in its place is seen with the next frame.
        requestAnimationFrame(() => done(Date.now()));
      });
      observer.observe(place, { childList: true, subtree: true });
    });
  }, [id, text]);
  const sent = Date.now();
  tell();
  const shown = page.evaluate(() => window.shown);
  const gaveUp = pause(20_000).then(() => assert.fail(`${text} did not come`));
  return (await Promise.race([shown, gaveUp])) - sent;
};
const violations = async (page) => {
  // The policy of the page lets no other script in, so the tool comes by the debugger, outside of it.
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map((it) => [it.id, it.impact, it.nodes.map((node) => node.html.slice(0, 200))]);
};
const figures = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)];
  return `p50 ${at(0.5)} ms, longest ${at(1)} ms`;
};

/** What the makers of Prometheus say of the metrics: nothing, if all is well. */
const metrics = async (watch, what) => {
  const { status, headers, body } = await ask(`${watch.url}metrics`, { accept: "text/plain" });
  assert.equal(status, 200);
  assert.match(headers["content-type"], /^text\/plain; version=0\.0\.4/);
  const { status: code, error, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: body, encoding: "utf8" });
  assert.ok(!error, String(error));
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  say(`promtool has nothing to say about the metrics ${what} (${body.split("\n").filter((line) => line && !line.startsWith("#")).length} samples)`);
  return body;
};

try {
  let watch = await start("state", ["--serve", "127.0.0.1:0"]);
  {
    const before = await metrics(watch, "without events");
    assert.match(before, /^uccxray_/m);

    const { page, noted, close } = await open(watch.url);
    await link(page, "live");
    await shot(page, "empty");
    assert.deepEqual(await violations(page), []);
    assert.match(await page.textContent("#now"), /No license line/);
    say("without events the page is live and says that nothing was read");

    const first = await until(page, "now", "left", () => countdown(watch));
    assert.match(await page.textContent("#now h1"), /OVERAGE/i);
    assert.match(await page.textContent("#events"), /will enter Out of Compliance/);
    say(`a countdown to Out of Compliance changes the state without a reload, ${first} ms after it was sent`);

    const left = async () => {
      const text = await page.textContent("#now .countdown");
      const [, minutes, seconds] = text.match(/^(\d+) min (\d\d) s left$/) ?? assert.fail(text);
      return Number(minutes) * 60 + Number(seconds);
    };
    const [from, began] = [await left(), Date.now()];
    assert.ok(from > 44 * 60 && from <= 45 * 60, String(from));
    await pause(3000);
    const [to, passed] = [await left(), (Date.now() - began) / 1000];
    assert.ok(Math.abs(from - to - passed) <= 1.5, `${from - to} s in ${passed} s`);
    say(`the countdown runs: ${from} s left, ${to} s after ${passed.toFixed(1)} s`);

    const alert = page.locator("#alerts article", { hasText: "overage" });
    assert.match(await alert.textContent(), /What to do: .{20}/);
    assert.match(await alert.locator(".countdown").textContent(), /left$/);
    say("the alert says how long is left and what to do");

    const times = [first];
    for (let turn = 0; turn < 10; turn += 1) {
      times.push(await until(page, "events", `Late for the ${turn}th time`, () => late(watch, `Late for the ${turn}th time.`)));
      // Not in step with anything.
      await pause(130 * turn);
    }
    assert.ok(times.every((ms) => ms < SHOWN_WITHIN_MS), String(times));
    say(`${times.length} events appear without a reload: ${figures(times)} after they were sent`);

    await page.locator("#events summary").first().click();
    const opened = await page.locator("#events details[open] ").first().textContent();
    const focused = () => page.evaluate(() => document.activeElement.closest("tr")?.textContent);
    const holder = await focused();
    const scrolled = await page.evaluate(() => window.scrollY);
    await until(page, "events", "While somebody reads", () => late(watch, "While somebody reads."));
    assert.deepEqual(await page.locator("#events details[open]").allTextContents(), [opened]);
    assert.equal(await focused(), holder);
    assert.equal(await page.evaluate(() => window.scrollY), scrolled);
    say("what a reader opened stays open, keeps the focus and stays where it is when an event comes");

    const fresh = () => page.locator("#events .fresh").allTextContents();
    const [row, ...others] = await fresh();
    assert.match(row, /While somebody reads/);
    assert.deepEqual(others, []);
    say("only the row that came is marked as new");

    const markup = `<img src=x onerror=alert(1)><script>alert(2)</script><a href="javascript:alert(3)">x</a>`;
    await until(page, "events", markup, () => late(watch, `${markup}'"&lt;\u001b[31m\u202eend`));
    assert.equal(await page.locator("main img, main script, main a[href^=javascript]").count(), 0);
    assert.ok(!/[\u001b\u202e]/.test(await page.textContent("body")));
    say("markup in an event is shown as text");

    const told = await until(page, "now", "OUT OF COMPLIANCE", () => outOfCompliance(watch));
    assert.ok(told < SHOWN_WITHIN_MS, String(told));
    assert.match(await page.locator("#alerts article.bad", { hasText: "out-of-compliance" }).textContent(), /critical.*Out of Compliance.*What to do: /s);
    say(`Out of Compliance and its alert stand on the page ${told} ms after the alarm was sent`);

    assert.deepEqual(noted.messages, []);
    assert.deepEqual(noted.requests.filter((url) => !url.startsWith(watch.url)), []);
    assert.deepEqual(noted.requests.filter((url) => url === watch.url).length, 1);
    say(`no message on the console, and no request but those to its own server (${noted.requests.length}, the page once)`);

    await metrics(watch, "with events");
    await shot(page, "desktop");
    await looks(watch);
    await hangs(watch);

    const killed = Date.now();
    await end(watch, "SIGKILL");
    await page.waitForFunction(() => !document.getElementById("old").hidden);
    const noticed = Date.now() - killed;
    assert.match(await page.textContent("#old"), /^What this page shows is old: nothing was heard from the watch since \d\d:\d\d:\d\d/);
    await link(page, "reconnecting");
    const inSight = await page.evaluate(() => {
      window.scrollTo(0, document.body.scrollHeight);
      const { top, bottom } = document.getElementById("old").getBoundingClientRect();
      return top >= 0 && bottom <= window.innerHeight;
    });
    assert.ok(inSight);
    assert.deepEqual(await violations(page), []);
    await page.evaluate(() => window.scrollTo(0, 0));
    await shot(page, "disconnected");
    say(`a watch that was killed: ${noticed} ms later the page says that what it shows is old, wherever it is scrolled to`);

    await pause(2500);
    const back = Date.now();
    watch = await start("state", ["--serve", `127.0.0.1:${watch.port}`]);
    await link(page, "live");
    const again = Date.now() - back;
    assert.ok(await page.isHidden("#old"));
    assert.match(await page.textContent("#now h1"), /OUT OF COMPLIANCE/);
    const after = await until(page, "events", "After the restart", () => late(watch, "After the restart."));
    assert.ok(after < SHOWN_WITHIN_MS, String(after));
    assert.match(await page.textContent("#events"), /Late for the 9th time/);
    assert.equal(noted.requests.filter((url) => url === watch.url).length, 1);
    say(`started anew with the same state, it is shown again after ${again} ms, and an event after ${after} ms, without a reload`);
    await close();
  }

  {
    const { page, close } = await open(watch.url, { javaScriptEnabled: false });
    assert.ok(await page.isVisible("text=OUT OF COMPLIANCE"));
    assert.match(await page.locator("noscript p:visible").innerText(), /^Scripts are off/);
    assert.ok(await page.isVisible("text=After the restart"));
    say("without scripts the page says the same, and that it stands still");
    await close();
  }

  {
    // A name that leads here, but is not of this machine: a page of another site would come by it.
    const { status } = await ask(watch.url, { host: "cssm.example.com" });
    assert.equal(status, 403);
    assert.equal(await end(watch, "SIGTERM"), 0);
    say("a request under another name is refused, and the watch ends when it is told to");
  }

  for (const address of ["127.0.0.1", "0.0.0.0"]) {
    writeFileSync(join(work, "token"), `${TOKEN}\n`, { mode: 0o600 });
    const guarded = await start(`state-${address}`, ["--serve", `${address}:0`, "--serve-token-file", "token"]);
    for (const path of ["", "events", "metrics", "report.json", "report.html", "?token=not-the-token-at-all"]) {
      const { status, body } = await ask(guarded.url + path);
      assert.equal(status, 401, path);
      assert.ok(!body.includes(TOKEN));
    }
    const health = await ask(`${guarded.url}healthz`);
    assert.deepEqual([health.status, health.body], [200, "ok\n"]);
    const scraped = await ask(`${guarded.url}metrics`, { accept: "text/plain", authorization: `Bearer ${TOKEN}` });
    assert.equal(scraped.status, 200);

    const { page, context, noted, close } = await open(`${guarded.url}?token=${TOKEN}`);
    assert.equal(page.url(), guarded.url);
    await link(page, "live");
    const [cookie, ...more] = await context.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, more.length], [true, "Strict", 0]);
    assert.ok(!cookie.value.includes(TOKEN));
    assert.ok(!(await page.content()).includes(TOKEN));
    const ms = await until(page, "events", "Behind a token", () => late(guarded, "Behind a token."));
    const status = (await page.goto(guarded.url)).status();
    assert.equal(status, 200);
    assert.deepEqual(noted.messages, []);
    say(`a token on ${address}: 401 without it, a cookie with it, nothing of it left in the address; an event after ${ms} ms`);
    await close();
    assert.equal(await end(guarded, "SIGTERM"), 0);
  }
} finally {
  await browser.close();
  socket.close();
  for (const child of running) child.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
}

/** The same page in other light and on a small screen. */
async function looks(watch) {
  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2, hasTouch: true }],
  ]) {
    const { page, noted, close } = await open(watch.url, options);
    await link(page, "live");
    assert.deepEqual(await violations(page), []);
    say(`axe-core finds no violation: ${name}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 1, `${name} is ${wide} pixels too wide`);
    if (name === "phone") say("a phone needs no scrolling sideways");
    if (name === "dark") {
      const [back, ink] = await page.evaluate(() => {
        const style = getComputedStyle(document.body);
        return [style.backgroundColor, style.color].map((color) => color.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b));
      });
      assert.ok(back < 150 && ink > 600, `${back} ${ink}`);
      say("dark mode is dark");
    }
    const fold = await page.evaluate(() =>
      ["#link", "#now h1", "#now .since", "#now .next .countdown"].map((name) => document.querySelector(name).getBoundingClientRect().bottom));
    assert.ok(fold.every((bottom) => bottom > 0 && bottom < (name === "phone" ? 844 : 900)), `${name}: ${fold}`);
    await page.locator("#alerts .do").first().waitFor();
    assert.deepEqual(noted.messages, []);
    await shot(page, name);
    await close();
  }
  say("state, since when and the time that is left stand above the fold, also on a phone");
}

/** A watch that does not end and does not answer: a cable that was pulled looks like this. */
async function hangs(watch) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(watch.url, { waitUntil: "load" });
  await link(page, "live");
  watch.child.kill("SIGSTOP");
  try {
    await page.clock.fastForward(20_000);
    assert.ok(await page.isHidden("#old"));
    await page.clock.fastForward(6_000);
    await link(page, "reconnecting");
    assert.match(await page.textContent("#old"), /is old/);
  } finally {
    watch.child.kill("SIGCONT");
  }
  await link(page, "live");
  assert.ok(await page.isHidden("#old"));
  say("a watch that hangs is noticed within 26 s, and one that goes on is live again");
  await context.close();
}
