import * as echarts from "echarts";
import type { EChartsOption } from "echarts";
import { LEVELS, type SimulationResult } from "../result.js";

/** Charts are drawn once, at the desk, as SVG: the page needs neither a script nor the network. */
const SIZE = { width: 1080, height: 380 };

/** Colours that are told apart by people with colour-vision deficiencies (Okabe and Ito, 2008). */
const COLOUR = {
  black: "#333333",
  orange: "#E69F00",
  sky: "#56B4E9",
  green: "#009E73",
  blue: "#0072B2",
  red: "#D55E00",
  pink: "#CC79A7",
};

/** The drawing side guesses text widths; browsers draw wider: room between the entries. */
const LEGEND = { top: 0, itemGap: 44 };

const kwh = (wh: bigint): number => Number(wh) / 1000;
const credits = (micro: bigint): number => Number(micro) / 1e6;
const perKwh = (price: bigint | undefined): number | null => (price === undefined ? null : Number(price) / 1e6);

/** Supply and demand: what meters drew and fed in, and how much of it neighbours traded. */
export function supplyDemandChart(result: SimulationResult): string {
  const bars = LEVELS.filter((level) => result.slots.some((slot) => slot.deliveredByLevelWh[level] > 0n));
  const levelColour = { bilateral: COLOUR.pink, feeder: COLOUR.green, district: COLOUR.sky, city: COLOUR.blue };
  return draw({
    ...axes(result, "kWh"),
    series: [
      { ...line("drawn by homes", COLOUR.red), data: result.slots.map((slot) => kwh(slot.importWh)) },
      { ...line("fed in by homes", COLOUR.orange), data: result.slots.map((slot) => kwh(slot.exportWh)) },
      ...bars.map((level) => ({
        name: `traded: ${level}`,
        type: "bar" as const,
        stack: "traded",
        itemStyle: { color: levelColour[level] },
        data: result.slots.map((slot) => kwh(slot.deliveredByLevelWh[level])),
      })),
    ],
  });
}

/** The local price between the supplier's two. */
export function priceChart(result: SimulationResult): string {
  return draw({
    ...axes(result, "credits per kWh"),
    series: [
      {
        ...line("retail", COLOUR.red),
        step: "middle",
        data: result.slots.map((slot) => perKwh(slot.retail)),
      },
      {
        ...line("feed-in", COLOUR.blue),
        step: "middle",
        data: result.slots.map((slot) => perKwh(slot.feedIn)),
      },
      {
        name: "paid between neighbours (mean)",
        type: "scatter",
        symbolSize: 9,
        itemStyle: { color: COLOUR.green },
        data: result.slots.map((slot) => perKwh(slot.pricePerKwh)),
      },
    ],
  });
}

/** Delivered energy from area to area, largest first. */
export function flowsChart(result: SimulationResult): string {
  const flows = result.flows.filter((flow) => flow.wh > 0n).slice(0, 24);
  return draw(
    {
      grid: { left: 290, right: 60, top: 20, bottom: 40 },
      xAxis: { type: "value", name: "kWh", nameLocation: "middle", nameGap: 26 },
      yAxis: {
        type: "category",
        inverse: true,
        data: flows.map((flow) => (flow.from === flow.to ? `within ${flow.from}` : `${flow.from} → ${flow.to}`)),
      },
      series: [
        {
          type: "bar",
          label: { show: true, position: "right", formatter: "{c}" },
          data: flows.map((flow) => ({
            value: kwh(flow.wh),
            itemStyle: { color: flow.from === flow.to ? COLOUR.green : COLOUR.sky },
          })),
        },
      ],
    },
    { width: SIZE.width, height: 90 + 26 * Math.max(1, flows.length) },
  );
}

/** Each home's cost of the period, with the market and without. At most 60 homes are drawn. */
export function billsChart(result: SimulationResult): string {
  const homes = result.homes.slice(0, 60);
  return draw({
    legend: LEGEND,
    grid: { left: 70, right: 20, top: 40, bottom: 50 },
    xAxis: {
      type: "category",
      name: "home",
      nameLocation: "middle",
      nameGap: 30,
      data: homes.map((home) => (home.resampled ? `${home.home}*` : home.home)),
    },
    yAxis: { type: "value", name: "credits" },
    series: [
      {
        name: "with the supplier alone",
        type: "bar",
        itemStyle: { color: COLOUR.black },
        data: homes.map((home) => credits(home.withoutMarketMicro)),
      },
      {
        name: "in the neighbourhood",
        type: "bar",
        itemStyle: { color: COLOUR.green },
        data: homes.map((home) => credits(home.netCostMicro)),
      },
    ],
  });
}

function axes(result: SimulationResult, unit: string): EChartsOption {
  return {
    legend: LEGEND,
    grid: { left: 70, right: 20, top: 40, bottom: 50 },
    xAxis: {
      type: "category",
      data: result.slots.map((slot) => slot.start.replace("T", " ").slice(5)),
      name: "slot",
      nameLocation: "middle",
      nameGap: 30,
    },
    yAxis: { type: "value", name: unit },
  };
}

function line(name: string, color: string): { name: string; type: "line"; symbol: string; color: string } {
  return { name, type: "line", symbol: "none", color };
}

function draw(option: EChartsOption, size = SIZE): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
