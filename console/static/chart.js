// The candle chart, drawn from the table below it; live candles come as numbers. The look
// comes from the stylesheet, so that themes and rise/fall colours are chosen in one place.
"use strict";

(() => {
  const place = document.getElementById("chart");
  const table = document.getElementById("candles");
  if (!place || !table || !window.LightweightCharts) return;

  const seconds = { "1m": 60, "5m": 300, "1h": 3600, "1d": 86400 }[place.dataset.interval] ?? 60;
  const digits = Number(place.dataset.digits);
  const zone = place.dataset.zone;
  const colour = (id) => getComputedStyle(document.getElementById(id)).color;
  // The colour of text and lines, resolved for the theme in force.
  const look = () => {
    const text = getComputedStyle(place).color;
    return { text, rise: colour("rise-colour"), fall: colour("fall-colour") };
  };
  const pale = (rgb, alpha) => rgb.replace(/^rgba?\(([^)]+?)(?:,[^,)]+)?\)$/, (whole, inside) => {
    const parts = whole.match(/[\d.]+/g).slice(0, 3);
    return `rgba(${parts.join(", ")}, ${alpha})`;
  });

  const clock = new Intl.DateTimeFormat(place.dataset.lang, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(place.dataset.lang, { timeZone: zone, month: "2-digit", day: "2-digit" });
  const full = new Intl.DateTimeFormat(place.dataset.lang, { timeZone: zone, dateStyle: "short", timeStyle: "short", hourCycle: "h23" });
  const price = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const at = (time) => new Date(time * 1000);

  const bars = Array.from(table.querySelectorAll("tbody tr"), (row) => ({
    time: Number(row.dataset.t),
    open: Number(row.dataset.o),
    high: Number(row.dataset.h),
    low: Number(row.dataset.l),
    close: Number(row.dataset.c),
    volume: Number(row.dataset.v),
  })).reverse();

  const chart = LightweightCharts.createChart(place, {
    autoSize: true,
    layout: { attributionLogo: false, background: { color: "transparent" }, fontSize: 11 },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.06, bottom: 0.24 } },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      tickMarkFormatter: (time, kind) => (kind <= 2 || seconds === 86400 ? day : clock).format(at(time)),
    },
    localization: { timeFormatter: (time) => full.format(at(time)), priceFormatter: (value) => price.format(value) },
  });
  const candles = chart.addSeries(LightweightCharts.CandlestickSeries, {
    priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits },
  });
  const volumes = chart.addSeries(LightweightCharts.HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });

  let colours = look();
  const volumeBar = (bar) => ({
    time: bar.time,
    value: bar.volume,
    color: pale(bar.close >= bar.open ? colours.rise : colours.fall, 0.35),
  });
  const dress = () => {
    colours = look();
    const line = pale(colours.text, 0.1);
    chart.applyOptions({
      layout: { textColor: colours.text },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
    });
    candles.applyOptions({
      upColor: colours.rise, borderUpColor: colours.rise, wickUpColor: colours.rise,
      downColor: colours.fall, borderDownColor: colours.fall, wickDownColor: colours.fall,
    });
    candles.setData(bars);
    volumes.setData(bars.map(volumeBar));
  };
  dress();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);

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
    const bar = bars[bars.length - 1];
    candles.update(bar);
    volumes.update(volumeBar(bar));
  };

  place.addEventListener("htmx:sseBeforeMessage", (event) => {
    // Numbers for us, not HTML for the page.
    event.preventDefault();
    const told = JSON.parse(event.detail.data);
    grow({
      time: told.time,
      open: Number(told.open),
      high: Number(told.high),
      low: Number(told.low),
      close: Number(told.close),
      volume: Number(told.volume),
    });
  });
})();
