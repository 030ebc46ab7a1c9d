// The charts of the page: states and logs over time, usage against purchased, events over time.
"use strict";

(() => {
  const { data, make, show, offsetAt, onStretch, setStretch } = page;
  const charts = [];
  let colors = {};
  /** Colours of the style sheet, as they are now: light, dark, or paper. */
  const learn = () => {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "card", "line", "ink", "soft", "good", "good-back", "warn", "warn-back", "bad", "bad-back",
      "plain", "plain-back", "used", "bought", "held", "shade", "link"];
    for (const name of names) colors[name] = style.getPropertyValue(`--${name}`).trim();
  };
  learn();

  const FONT = "12px system-ui, sans-serif";
  /** A date whose parts, read as local time, are those of the report's clock. */
  const tzDate = (s) => uPlot.tzDate(new Date((s + offsetAt(s * 1000)) * 1000), "Etc/UTC");
  const axis = (more) => ({
    stroke: () => colors.soft,
    grid: { stroke: () => colors.line, width: 1 },
    ticks: { stroke: () => colors.line, width: 1 },
    font: FONT,
    ...more,
  });
  // A day has a name, an hour has none: the date stands under the first tick of each.
  const TIMES = [
    [31536000, "{YYYY}", null, null, null, null, null, null, 1],
    [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [3600, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
    [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  ];

  /** A chart whose selection is the stretch of time that everything shows. */
  const chart = (plot, options, columns, whole) => {
    const drawn = new uPlot(
      {
        width: Math.max(280, plot.clientWidth - 10),
        tzDate,
        legend: { show: false },
        ...options,
        scales: { x: { time: true, range: (_, low, high) => [low, high] }, ...options.scales },
        cursor: { drag: { x: true, y: false, setScale: false, dist: 5 }, points: { show: false }, y: false, ...options.cursor,
          bind: { dblclick: () => () => setStretch(null, null) } },
        hooks: {
          ...options.hooks,
          setSelect: [(u) => {
            if (u.select.width < 5) return;
            const ends = [u.select.left, u.select.left + u.select.width].map((left) => u.posToVal(left, "x") * 1000);
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            setStretch(Math.round(ends[0]), Math.round(ends[1]));
          }],
        },
      },
      columns,
      plot,
    );
    const entry = { drawn, plot, whole };
    charts.push(entry);
    fit(entry, null);
    return entry;
  };
  let stretch = null;
  const fit = ({ drawn, whole }) => {
    const [from, to] = stretch ?? whole;
    drawn.setScale("x", { min: from / 1000, max: to / 1000 });
  };
  onStretch((next) => {
    stretch = next;
    charts.forEach((entry) => fit(entry));
  });
  const forget = (plot) => {
    for (let at = charts.length - 1; at >= 0; at -= 1) {
      if (charts[at].plot !== plot) continue;
      charts[at].drawn.destroy();
      charts.splice(at, 1);
    }
  };
  const again = () => {
    learn();
    for (const { drawn } of charts) drawn.redraw(true, true);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  matchMedia("print").addEventListener("change", again);
  addEventListener("beforeprint", again);
  addEventListener("afterprint", again);
  new ResizeObserver(() => {
    for (const { drawn, plot } of charts) {
      const width = Math.max(280, plot.clientWidth - 10);
      if (Math.abs(width - drawn.width) > 1) drawn.setSize({ width, height: drawn.height });
    }
  }).observe(document.querySelector("main"));

  const widened = (from, to) => {
    const edge = Math.max(60e3, (to - from) * 0.02);
    return [from - edge, to + edge];
  };

  /** Slanted lines inside a box. */
  const hatch = (context, x, y, width, height, color, step, slant) => {
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = color;
    context.lineWidth = devicePixelRatio;
    context.beginPath();
    for (let at = x - height; at < x + width + height; at += step) {
      context.moveTo(at, slant > 0 ? y + height : y);
      context.lineTo(at + height, slant > 0 ? y : y + height);
    }
    context.stroke();
    context.restore();
  };

  // ---- states and logs over time ----

  const timeline = (box, instance, withNodes) => {
    const plot = box.querySelector(".plot");
    forget(plot);
    plot.replaceChildren();
    const lanes = instance.lanes.map((lane) => ({ title: lane.title, states: lane.rows }));
    if (withNodes) {
      const own = new Map(instance.nodes.map((node) => [node.name, { title: node.name, logs: node.logs, gaps: node.gaps, at: [] }]));
      data.events.at.forEach((at, number) => {
        const lane = own.get(data.texts[data.events.node[number]]);
        if (lane && at !== null && data.texts[data.events.instance[number]] === instance.name) lane.at.push(at);
      });
      lanes.push(...own.values());
    }
    const whole = widened(instance.span[0], instance.span[1]);
    const count = lanes.length;
    const tip = make("div", "tip");
    tip.hidden = true;
    const draw = (u) => {
      const context = u.ctx;
      const unit = devicePixelRatio;
      const x = (ms) => Math.min(u.bbox.left + u.bbox.width, Math.max(u.bbox.left, u.valToPos(ms / 1000, "x", true)));
      context.save();
      context.font = `${12 * unit}px system-ui, sans-serif`;
      context.textAlign = "left";
      context.textBaseline = "middle";
      lanes.forEach((lane, number) => {
        const height = u.bbox.height / count;
        const top = u.bbox.top + number * height + 5 * unit;
        const tall = height - 10 * unit;
        const bar = (from, to) => [x(from), Math.max(unit, x(to) - x(from))];
        if (lane.states) {
          for (const [from, to] of instance.dark) {
            const [left, width] = bar(from, to);
            hatch(context, left, top, width, tall, colors.shade, 7 * unit, -1);
          }
          for (const row of lane.states) {
            const from = row.from ?? u.scales.x.min * 1000;
            const to = row.to ?? data.as_of ?? u.scales.x.max * 1000;
            if (to < u.scales.x.min * 1000 || from > u.scales.x.max * 1000) continue;
            const [left, width] = bar(from, to);
            context.fillStyle = row.basis === "stated" ? colors[row.mood] : colors[`${row.mood}-back`];
            context.fillRect(left, top, width, tall);
            if (row.basis === "inferred") hatch(context, left, top, width, tall, colors[row.mood], 6 * unit, 1);
            context.strokeStyle = colors[row.mood];
            context.lineWidth = 1.5 * unit;
            context.setLineDash(row.basis === "inferred" ? [5 * unit, 4 * unit] : []);
            context.strokeRect(left, top, width, tall);
            context.setLineDash([]);
            const room = width - 12 * unit;
            if (context.measureText(row.label).width < room) {
              if (row.basis === "inferred") {
                context.fillStyle = colors[`${row.mood}-back`];
                context.fillRect(left + 4 * unit, top + tall / 2 - 9 * unit, context.measureText(row.label).width + 8 * unit, 18 * unit);
              }
              context.fillStyle = row.basis === "stated" ? colors.paper : colors[row.mood];
              context.fillText(row.label, left + 8 * unit, top + tall / 2);
            }
          }
        } else {
          context.fillStyle = colors["plain-back"];
          for (const [from, to] of lane.logs) {
            const [left, width] = bar(from, to);
            context.fillRect(left, top + tall * 0.3, width, tall * 0.4);
          }
          for (const [from, to] of lane.gaps) {
            const [left, width] = bar(from, to);
            context.fillStyle = colors.paper;
            context.fillRect(left, top, width, tall);
            hatch(context, left, top, width, tall, colors.shade, 7 * unit, -1);
          }
          context.strokeStyle = colors.link;
          context.lineWidth = unit;
          context.beginPath();
          let before = -1;
          for (const at of lane.at) {
            const left = Math.round(u.valToPos(at / 1000, "x", true));
            if (left === before || left < u.bbox.left || left > u.bbox.left + u.bbox.width) continue;
            before = left;
            context.moveTo(left, top + tall * 0.1);
            context.lineTo(left, top + tall * 0.9);
          }
          context.stroke();
        }
      });
      if (data.as_of !== null && data.as_of <= u.scales.x.max * 1000 && data.as_of >= u.scales.x.min * 1000) {
        context.strokeStyle = colors.ink;
        context.setLineDash([2 * unit, 3 * unit]);
        context.beginPath();
        context.moveTo(x(data.as_of), u.bbox.top);
        context.lineTo(x(data.as_of), u.bbox.top + u.bbox.height);
        context.stroke();
      }
      context.restore();
    };
    const hover = (u) => {
      const { left, top } = u.cursor;
      if (left === undefined || left < 0) {
        tip.hidden = true;
        return;
      }
      const lane = lanes[Math.floor((top / u.over.clientHeight) * count)];
      const ms = u.posToVal(left, "x") * 1000;
      const row = lane?.states?.findLast((it) => (it.from ?? -Infinity) <= ms && ms <= (it.to ?? data.as_of ?? Infinity));
      tip.hidden = !lane;
      if (!lane) return;
      const end = row && (row.to === null ? "lasts" : `until ${show(row.to)}`);
      tip.textContent = row
        ? `${lane.title}: ${row.label} [${row.basis}]\n${row.from === null ? "since a time that is not known" : `from ${show(row.from)}`}, ${end}\n${row.cause}`
        : `${lane.title}\n${show(ms)}`;
      const right = left > u.over.clientWidth / 2;
      tip.style.top = `${Math.max(0, top + 14)}px`;
      tip.style.left = right ? "" : `${left + 12}px`;
      tip.style.right = right ? `${u.over.clientWidth - left + 12}px` : "";
    };
    const entry = chart(
      plot,
      {
        height: 46 * count + 56,
        scales: { y: { range: [0, count] } },
        series: [{}, { show: true, paths: () => null, points: { show: false } }],
        axes: [
          axis({ values: TIMES, space: 70 }),
          axis({
            size: plot.clientWidth < 520 ? 92 : 110,
            gap: 6,
            splits: () => lanes.map((_, at) => count - at - 0.5),
            values: () => lanes.map((lane) => (lane.title.length > 14 ? `${lane.title.slice(0, 13)}…` : lane.title)),
            grid: { show: false },
            ticks: { show: false },
          }),
        ],
        hooks: { draw: [draw], setCursor: [hover] },
      },
      [whole.map((ms) => ms / 1000), [null, null]],
      whole,
    );
    entry.drawn.over.append(tip);
    entry.drawn.over.addEventListener("mouseleave", () => { tip.hidden = true; });
  };

  // ---- usage against purchased ----

  const usage = (box, instance, viewNumber, columnNumber) => {
    const plot = box.querySelector(".plot");
    forget(plot);
    plot.replaceChildren();
    const view = instance.usage.views[viewNumber];
    const column = view.columns[columnNumber];
    if (!column || !view.at.length) {
      plot.textContent = "No sample.";
      return;
    }
    const at = view.at.map((ms) => ms / 1000);
    const held = at.map(() => column.locked);
    const highest = Math.max(1, column.locked ?? 0, ...column.in_use, ...column.purchased);
    const back = (u) => {
      const context = u.ctx;
      context.save();
      for (const span of instance.usage.spans) {
        const from = Math.max(u.scales.x.min, (span.from ?? -Infinity) / 1000);
        const to = Math.min(u.scales.x.max, (span.to ?? data.as_of ?? Infinity) / 1000);
        if (!(from < to)) continue;
        const [left, right] = [from, to].map((s) => u.valToPos(s, "x", true));
        context.fillStyle = colors[span.kind === "ooc" ? "bad-back" : "warn-back"];
        context.fillRect(left, u.bbox.top, Math.max(1, right - left), u.bbox.height);
      }
      context.restore();
    };
    const tip = make("div", "tip");
    tip.hidden = true;
    const hover = (u) => {
      const { idx, left } = u.cursor;
      tip.hidden = idx === null || idx === undefined || left < 0;
      if (tip.hidden) return;
      const word = (count) => (count === null ? "not known" : count);
      tip.textContent = `${show(view.at[idx])}\n${word(column.in_use[idx])} in use of ${word(column.purchased[idx])} purchased`;
      const right = left > u.over.clientWidth / 2;
      tip.style.top = "6px";
      tip.style.left = right ? "" : `${left + 12}px`;
      tip.style.right = right ? `${u.over.clientWidth - left + 12}px` : "";
    };
    const stepped = uPlot.paths.stepped({ align: -1 });
    const entry = chart(
      plot,
      {
        height: 260,
        scales: { y: { range: [0, highest * 1.12] } },
        series: [
          {},
          { stroke: () => colors.used, width: 2, paths: stepped, points: { show: at.length < 60, size: 5, fill: () => colors.used } },
          { stroke: () => colors.bought, width: 2, dash: [8, 5], paths: stepped, points: { show: false } },
          { stroke: () => colors.held, width: 2, dash: [2, 4], points: { show: false }, show: column.locked !== null },
        ],
        axes: [axis({ values: TIMES, space: 70 }), axis({ size: 54, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000] })],
        hooks: { drawClear: [back], setCursor: [hover] },
      },
      [at, column.in_use, column.purchased, held],
      widened(view.at[0], view.at[view.at.length - 1]),
    );
    entry.drawn.over.append(tip);
    entry.drawn.over.addEventListener("mouseleave", () => { tip.hidden = true; });
  };

  // ---- events over time ----

  const density = (box) => {
    const dated = data.events.at.filter((at) => at !== null);
    if (dated.length < 2) return;
    const plot = box.querySelector(".plot");
    box.hidden = false;
    const from = dated.reduce((a, b) => Math.min(a, b));
    const to = dated.reduce((a, b) => Math.max(a, b));
    const bins = 240;
    const width = Math.max(1000, (to - from) / bins);
    const counts = new Array(bins + 1).fill(0);
    for (const at of dated) counts[Math.min(bins, Math.floor((at - from) / width))] += 1;
    const centres = counts.map((_, bin) => (from + (bin + 0.5) * width) / 1000);
    chart(
      plot,
      {
        height: 120,
        scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] } },
        series: [{}, { stroke: () => colors.used, fill: () => colors.used, paths: uPlot.paths.bars({ size: [1, 100] }), points: { show: false } }],
        axes: [axis({ values: TIMES, space: 70 }), axis({ size: 54, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000, 50000, 100000] })],
      },
      [centres, counts],
      widened(from, to),
    );
  };

  for (const box of document.querySelectorAll(".chart")) {
    const instance = data.instances[Number(box.dataset.instance ?? 0)];
    if (box.dataset.chart === "density") density(box);
    if (box.dataset.chart === "timeline" && instance?.span) {
      box.hidden = false;
      const nodes = box.querySelector("[data-nodes]");
      nodes.addEventListener("change", () => timeline(box, instance, nodes.checked));
      timeline(box, instance, nodes.checked);
    }
    if (box.dataset.chart === "usage" && instance?.usage) {
      box.hidden = false;
      const select = box.querySelector("[data-entitlement]");
      const radios = [...box.querySelectorAll("[data-view]")];
      // One group a chart: pages may hold several.
      radios.forEach((radio, at) => { radio.name = `view-of-${box.dataset.instance}`; radio.checked = at === 0; });
      const draw = () => usage(box, instance, radios.findIndex((radio) => radio.checked), Number(select?.value ?? 0));
      for (const input of [...radios, ...(select ? [select] : [])]) input.addEventListener("change", draw);
      draw();
    }
  }
})();
