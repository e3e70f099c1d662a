// Charts, each drawn from a table on its page: what a reader without a canvas or without
// scripts gets is the same numbers. The look comes from the stylesheet, so that themes and
// rise/fall colours are chosen in one place.
//
// An element with data-chart names its table (data-table) and the cells to draw
// (data-columns). Rows carry data-t (seconds) or data-x (a price), cells data-n; candles carry
// their numbers on the row. A table that changes redraws its charts.
"use strict";

(() => {
  const library = window.LightweightCharts;
  if (!library) return;

  // ---- Colours ----------------------------------------------------------------
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name) => {
    probe.className = name;
    return getComputedStyle(probe).color;
  };
  const pale = (rgb, alpha) => `rgba(${rgb.match(/[\d.]+/g).slice(0, 3).join(", ")}, ${alpha})`;

  // ---- Numbers of a table, oldest first -----------------------------------------
  const rows = (table) => Array.from(table.tBodies).flatMap((body) => Array.from(body.rows));
  const number = (cell) => (cell?.dataset.n === undefined ? null : Number(cell.dataset.n));

  // Values of one column; a step that is missing is a gap, not a straight line over it.
  const column = (table, index, step) => {
    const points = [];
    for (const row of rows(table).sort((a, b) => a.dataset.t - b.dataset.t)) {
      const time = Number(row.dataset.t);
      const last = points[points.length - 1]?.time;
      if (step && last && time - last > step) points.push({ time: last + step });
      const value = number(row.cells[index]);
      points.push(value === null ? { time } : { time, value });
    }
    return points;
  };

  // ---- What all charts share ------------------------------------------------------
  // Width of the longest label of a time, in pixels.
  const LABEL = 50;
  const frame = (place, create = library.createChart) => {
    const { lang, zone, digits, step } = place.dataset;
    const at = (time) => new Date(time * 1000);
    const write = (options) => new Intl.DateTimeFormat(lang, { timeZone: zone, hourCycle: "h23", ...options });
    const clock = write({ hour: "2-digit", minute: "2-digit" });
    const second = write({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const day = write({ month: "2-digit", day: "2-digit" });
    const full = write({ dateStyle: "short", timeStyle: "short" });
    const value = new Intl.NumberFormat("en", { minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) });
    const daily = Number(step) >= 86400;
    const overTime = create === library.createChart;
    const label = (time, kind) => (kind <= 2 || daily ? day : kind === 4 ? second : clock).format(at(time));
    // At an edge of all there is the library keeps labels whole. Candles go on to the left.
    const whole = place.dataset.chart !== "candles";
    const chart = create(place, {
      autoSize: true,
      layout: { attributionLogo: false, background: { color: "transparent" }, fontSize: 11 },
      // A label that would reach over the edge is left out; the lowest has room to stand.
      rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.1, bottom: 12 / place.clientHeight } },
      timeScale: {
        borderVisible: false,
        fixLeftEdge: whole,
        fixRightEdge: true,
        timeVisible: true,
        secondsVisible: true,
        ...(overTime && { tickMarkFormatter: label }),
      },
      localization: {
        // The minus that the tables show.
        priceFormatter: (number) => value.format(number).replace("-", "−"),
        ...(overTime && { timeFormatter: (time) => (Number(step) < 60 ? second : daily ? day : full).format(at(time)) }),
      },
    });
    if (!whole) {
      // Labels are kept; a formatter set anew has them written anew.
      const times = chart.timeScale();
      const inside = (time, kind) => (times.timeToCoordinate(time) < LABEL / 2 ? "" : label(time, kind));
      const again = () => chart.applyOptions({ timeScale: { tickMarkFormatter: (time, kind) => inside(time, kind) } });
      times.subscribeVisibleLogicalRangeChange(again);
    }
    // A page that is scrolled is not a chart that is zoomed.
    chart.applyOptions({ handleScroll: { mouseWheel: false }, handleScale: { mouseWheel: false } });
    return chart;
  };
  const dressFrame = (place, chart) => {
    const text = getComputedStyle(place).color;
    const line = pale(text, 0.1);
    chart.applyOptions({
      layout: { textColor: text },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
    });
  };
  // Rates and counts are read against zero.
  const fromZero = {
    autoscaleInfoProvider: (original) => {
      const info = original();
      if (!info?.priceRange) return info;
      const { minValue, maxValue } = info.priceRange;
      return { ...info, priceRange: { minValue: Math.min(0, minValue), maxValue: Math.max(maxValue, 1) } };
    },
  };
  const format = (place) => ({ type: "price", precision: Number(place.dataset.digits), minMove: 10 ** -Number(place.dataset.digits) });

  // ---- Kinds: each returns how it is drawn anew --------------------------------------
  const kinds = {
    lines(place, table) {
      const chart = frame(place);
      const columns = place.dataset.columns.split(" ").map(Number);
      const series = columns.map((_, at) => chart.addSeries(library.LineSeries, {
        lineWidth: 2,
        // Told apart by more than their colour.
        lineStyle: at === 0 ? library.LineStyle.Solid : library.LineStyle.Dashed,
        lineType: place.dataset.stepped ? library.LineType.WithSteps : library.LineType.Simple,
        ...(place.dataset.stepped ? {} : fromZero),
        priceLineVisible: false,
        priceFormat: format(place),
      }));
      return () => {
        dressFrame(place, chart);
        series.forEach((one, at) => {
          one.applyOptions({ color: colour(`series s${at + 1}`) });
          one.setData(column(table(), columns[at], Number(place.dataset.step)));
        });
        chart.timeScale().fitContent();
      };
    },

    bars(place, table) {
      const chart = frame(place);
      const bars = chart.addSeries(library.HistogramSeries, { ...fromZero, priceLineVisible: false, priceFormat: format(place) });
      return () => {
        dressFrame(place, chart);
        bars.applyOptions({ color: colour("series s1") });
        bars.setData(column(table(), Number(place.dataset.columns), Number(place.dataset.step)));
        chart.timeScale().fitContent();
      };
    },

    depth(place, table) {
      const chart = frame(place, library.createOptionsChart);
      const side = () => chart.addSeries(library.AreaSeries, {
        lineWidth: 2,
        lineType: library.LineType.WithSteps,
        priceLineVisible: false,
        lastValueVisible: false,
        priceFormat: format(place),
      });
      const [bids, asks] = [side(), side()];
      const sums = (index) => rows(table())
        .map((row) => ({ time: Number(row.dataset.x), value: number(row.cells[index]) }))
        .filter((point) => point.value !== null)
        .sort((a, b) => a.time - b.time);
      return () => {
        dressFrame(place, chart);
        for (const [series, name, index] of [[bids, "rise", 1], [asks, "fall", 2]]) {
          const rgb = colour(name);
          series.applyOptions({ lineColor: rgb, topColor: pale(rgb, 0.35), bottomColor: pale(rgb, 0.05) });
          series.setData(sums(index));
        }
        chart.timeScale().fitContent();
      };
    },

    candles(place, table) {
      const seconds = Number(place.dataset.step);
      const chart = frame(place);
      chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.06, bottom: 0.24 } });
      const candles = chart.addSeries(library.CandlestickSeries, { priceFormat: format(place) });
      const volumes = chart.addSeries(library.HistogramSeries, {
        priceScaleId: "volume",
        priceFormat: { type: "volume" },
        lastValueVisible: false,
        priceLineVisible: false,
      });
      chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
      const names = ["o", "h", "l", "c", "v"];
      const bar = (data) => {
        const [open, high, low, close, volume] = names.map((name) => Number(data[name]));
        return { time: Number(data.t), open, high, low, close, volume };
      };
      const bars = rows(table()).map((row) => bar(row.dataset)).reverse();
      let colours;
      const volumeBar = (one) => ({
        time: one.time,
        value: one.volume,
        color: pale(one.close >= one.open ? colours.rise : colours.fall, 0.35),
      });

      // The stream tells one-minute candles; longer ones are grown from them. `minute` is the
      // last one seen, so that its volume is not added twice.
      let minute = null;
      const grow = (told) => {
        const last = bars[bars.length - 1];
        // Days begin at midnight of the market, which the table knows: count from its last bar.
        const anchor = last ? last.time : 0;
        const start = anchor + Math.floor((told.time - anchor) / seconds) * seconds;
        if (last && start < last.time) return;
        const more = minute && minute.time === told.time ? told.volume - minute.volume : minute ? told.volume : 0;
        minute = told;
        if (seconds === 60) {
          if (last && last.time === told.time) bars[bars.length - 1] = told;
          else bars.push(told);
        } else if (last && start === last.time) {
          last.high = Math.max(last.high, told.high);
          last.low = Math.min(last.low, told.low);
          last.close = told.close;
          last.volume += more;
        } else {
          bars.push({ ...told, time: start });
        }
        const one = bars[bars.length - 1];
        candles.update(one);
        volumes.update(volumeBar(one));
      };
      place.addEventListener("htmx:sseBeforeMessage", (event) => {
        // Numbers for us, not HTML for the page.
        event.preventDefault();
        const told = JSON.parse(event.detail.data);
        grow({ time: told.time, open: +told.open, high: +told.high, low: +told.low, close: +told.close, volume: +told.volume });
      });

      return () => {
        colours = { rise: colour("rise"), fall: colour("fall") };
        dressFrame(place, chart);
        const { rise, fall } = colours;
        candles.applyOptions({
          upColor: rise, borderUpColor: rise, wickUpColor: rise,
          downColor: fall, borderDownColor: fall, wickDownColor: fall,
        });
        candles.setData(bars);
        volumes.setData(bars.map(volumeBar));
      };
    },
  };

  // ---- Drawing, and drawing again -------------------------------------------------------
  const all = [];
  for (const place of document.querySelectorAll("[data-chart]")) {
    // Looked up each time: live parts replace it.
    const table = () => document.getElementById(place.dataset.table);
    if (!table()) continue;
    const draw = kinds[place.dataset.chart](place, table);
    all.push({ place, draw });
    draw();
  }
  const drawAll = () => all.forEach((one) => one.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // On paper the ground is white, whatever the theme.
  matchMedia("print").addEventListener("change", drawAll);

  const drawOf = (id) => all.forEach((one) => {
    if (one.place.dataset.table === id && one.place.dataset.chart !== "candles") one.draw();
  });
  document.body.addEventListener("htmx:sseMessage", (event) => {
    for (const table of event.target.querySelectorAll("table[id]")) drawOf(table.id);
  });
  // A live row replaces the one of the same time, or comes first.
  for (const body of document.querySelectorAll("tbody[data-rows]")) {
    body.addEventListener("htmx:sseBeforeMessage", (event) => {
      event.preventDefault();
      const told = document.createElement("template");
      told.innerHTML = event.detail.data;
      const row = told.content.querySelector("tr");
      const known = Array.from(body.rows).find((one) => one.dataset.t === row.dataset.t);
      if (known) known.replaceWith(row);
      else body.prepend(row);
      while (body.rows.length > Number(body.dataset.rows)) body.rows[body.rows.length - 1].remove();
      drawOf(body.closest("table").id);
    });
  }
})();
