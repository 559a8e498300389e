// What is measured of one page in a browser.

/** Before the page's own scripts: notes when cells are painted, what the layout did, what took long. */
function watch() {
  const seen = { shift: 0, lcp: 0, fcp: 0, long: [], wasm: null, whole: null, cells: null };
  globalThis.seen = seen;
  const observe = (type, hear) =>
    new PerformanceObserver((list) => list.getEntries().forEach(hear)).observe({ type, buffered: true });
  observe("layout-shift", (entry) => {
    if (!entry.hadRecentInput) {
      seen.shift += entry.value;
    }
  });
  observe("largest-contentful-paint", (entry) => (seen.lcp = entry.startTime));
  observe("paint", (entry) => {
    if (entry.name === "first-contentful-paint") {
      seen.fcp = entry.startTime;
    }
  });
  observe("longtask", ({ startTime, duration }) => seen.long.push({ startTime, duration }));
  const look = () => {
    if (document.querySelector('[data-testid="grid"] [data-status]')) {
      // The frame that this is asked in draws them; the next one begins when they are seen.
      requestAnimationFrame(() => requestAnimationFrame((now) => (seen.cells = now)));
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
  // The program's memory; below, when it has taken in a whole grid.
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await original.apply(WebAssembly, given);
      seen.wasm = (made.instance ?? made).exports.memory;
      return made;
    };
  }
  const take = () => {
    if (document.querySelector('[data-testid="grid"][data-whole="true"]')) {
      seen.whole = performance.now();
    } else {
      requestAnimationFrame(take);
    }
  };
  take();
}

/** A page of its own, with nothing kept, unless `context` is given. */
export async function open(browser, context) {
  const own = context ?? (await browser.newContext({ viewport: { width: 1440, height: 900 } }));
  const page = await own.newPage();
  await page.addInitScript(watch);
  return page;
}

/** Milliseconds from the navigation until a frame with cells has been drawn. */
export async function firstCells(page, url) {
  await page.goto(url, { waitUntil: "commit" });
  const handle = await page.waitForFunction(() => globalThis.seen.cells, null, { timeout: 60_000 });
  return handle.jsonValue();
}

/** Goes to a page and waits until nothing more comes; answers what was seen, and the bytes that came. */
export async function load(page, url) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(url, { waitUntil: "networkidle" });
  await page.waitForTimeout(500);
  const seen = await page.evaluate(() => {
    const { shift, lcp, fcp, long, whole } = globalThis.seen;
    const blocked = long
      .filter(({ startTime }) => startTime >= fcp)
      .reduce((sum, { duration }) => sum + Math.max(0, duration - 50), 0);
    return { shift, lcp, blocked, whole };
  });
  return { ...seen, bytes };
}

/** Bytes of the page's objects and of its program's memory, after a collection. */
export async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const wasm = await page.evaluate(() => globalThis.seen.wasm?.buffer.byteLength ?? 0);
  return { script: usedSize, wasm };
}

/** Finds what scrolls, the grid or what is in it or around it, and how far. */
async function findScrolled(page) {
  const height = await page.evaluate(() => {
    const grid = document.querySelector('[data-testid="grid"]');
    const scrolls = (element) =>
      element.scrollHeight > element.clientHeight * 1.5 &&
      ["auto", "scroll"].includes(getComputedStyle(element).overflowY);
    const around = [];
    for (let element = grid; element; element = element.parentElement) {
      around.push(element);
    }
    globalThis.scrolled =
      [...around, ...grid.querySelectorAll("*")].find(scrolls) ?? document.scrollingElement;
    globalThis.frame = (left, top) =>
      new Promise((done) => {
        globalThis.scrolled.scrollBy(left, top);
        // The scroll event comes before the next frame's callbacks; what it draws is in that frame.
        requestAnimationFrame(() => requestAnimationFrame(() => done(globalThis.scrolled.scrollTop)));
      });
    return globalThis.scrolled.scrollHeight;
  });
  if (height < 10_000) {
    throw new Error(`nothing in the grid scrolls far enough: ${height} pixels`);
  }
}

/** Milliseconds of script, and of style and layout, for each of so many frames of scrolling. */
export async function scrolling(page, frames) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await findScrolled(page);
  const measured = {};
  for (const [direction, left, top] of [
    ["down", 0, 333],
    ["sideways", 47, 0],
  ]) {
    const script = [];
    const layout = [];
    let before = await times(session);
    for (let frame = 0; frame < frames; frame += 1) {
      await page.evaluate(([left, top]) => globalThis.frame(left, top), [left, top]);
      const after = await times(session);
      script.push(after.script - before.script);
      layout.push(after.layout - before.layout);
      before = after;
    }
    measured[direction] = { script, layout };
  }
  return measured;
}

async function times(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const value = (name) => 1_000 * (metrics.find((metric) => metric.name === name)?.value ?? Number.NaN);
  return {
    script: value("ScriptDuration"),
    layout: value("LayoutDuration") + value("RecalcStyleDuration"),
  };
}

/** Milliseconds from a jump to the first cell, from wherever the grid is, until that is drawn. */
export async function jump(page) {
  await findScrolled(page);
  return page.evaluate(async () => {
    const begun = performance.now();
    globalThis.scrolled.scrollTo(0, 0);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const taken = performance.now() - begun;
    // What is outside the window may be made later; it belongs to the jump.
    await new Promise((done) => requestIdleCallback(done));
    return taken;
  });
}

/** Scrolls down and sideways for `ms` milliseconds, as frames come; answers how long each took. */
export async function longScroll(page, ms) {
  await findScrolled(page);
  return page.evaluate(
    (ms) =>
      new Promise((done) => {
        const scrolled = globalThis.scrolled;
        const frames = [];
        let begun;
        let last;
        const frame = (now) => {
          begun ??= now;
          if (last !== undefined) {
            frames.push(now - last);
          }
          last = now;
          if (now - begun > ms) {
            done(frames);
            return;
          }
          scrolled.scrollBy(Math.floor((now - begun) / 1000) % 2 ? 23 : 0, 57);
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      }),
    ms,
  );
}

/** Milliseconds from each letter of `text` in the filter until the frame that shows what it leaves. */
export async function typing(page, text) {
  await page.evaluate(() => globalThis.scrolled?.scrollTo(0, 0));
  return page.evaluate(async (text) => {
    const field = document.querySelector("main input[type=search]");
    const drawn = () =>
      new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))));
    const taken = [];
    for (let length = 1; length <= text.length; length += 1) {
      // A new frame, so that each letter has the same way to go.
      await drawn();
      const begun = performance.now();
      field.value = text.slice(0, length);
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      taken.push((await drawn()) - begun);
    }
    return taken;
  }, text);
}
