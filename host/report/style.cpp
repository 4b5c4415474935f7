#include "style.hpp"

namespace retort::report {
namespace {

// Series are told apart by colour (Okabe and Ito, 2008, darker or lighter where the page would swallow them), by their
// dashes and by the names at their ends.
constexpr std::string_view kColors = R"css(
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f9; --line: #d5d9e0; --grid: #e6e9ee; --ink: #1b1f27; --muted: #59616f;
  --link: #005a9c; --good: #00734f; --bad: #b3400a; --busy: #005a9c; --idle: #59616f;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b45a94;
  --c4: #b97d00; --c5: #3a97c9; --c6: #1b1f27; --c7: #7a7a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --panel: #1a1f27; --line: #39414e; --grid: #29303a; --ink: #e9ecf1; --muted: #a3acba;
    --link: #7cc0f2; --good: #35c193; --bad: #ff8a4a; --busy: #7cc0f2; --idle: #a3acba;
    --c0: #4aa3df; --c1: #f07b2e; --c2: #22c197; --c3: #dd92bd;
    --c4: #eab04a; --c5: #92d3f8; --c6: #e9ecf1; --c7: #d8cf4a;
  }
}
@media print {
  :root {
    color-scheme: light;
    --page: #ffffff; --panel: #ffffff; --line: #b8bec8; --grid: #dfe3e8; --ink: #000000; --muted: #444444;
    --link: #000000; --good: #00734f; --bad: #b3400a; --busy: #005a9c; --idle: #444444;
    --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b45a94;
    --c4: #b97d00; --c5: #3a97c9; --c6: #000000; --c7: #7a7a00;
  }
}
)css";

constexpr std::string_view kText = R"css(
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif;
}
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 28px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; font-weight: 650; }
h2 { font-size: 20px; margin: 44px 0 14px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
h2, h3 { font-weight: 650; }
h3 { font-size: 16px; margin: 28px 0 10px; }
section { scroll-margin-top: 12px; }
a { color: var(--link); }
.small, .note, footer { color: var(--muted); font-size: 13px; }
footer { padding-top: 32px; padding-bottom: 28px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 16px 0 0; padding: 0; }
.badge {
  display: inline-block; padding: 1px 10px; border: 1.5px solid; border-radius: 999px; font-size: 13px;
  font-weight: 600; white-space: nowrap; vertical-align: 3px;
}
.finished { color: var(--good); } .failed { color: var(--bad); } .running { color: var(--busy); }
.stopped, .waiting { color: var(--idle); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.tile > * { display: block; }
.tile .name { color: var(--muted); font-size: 13px; }
.tile strong { font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; font-weight: 650; }
dl { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 3px 18px; margin: 12px 0; }
dl { font-size: 14px; }
dt { color: var(--muted); } dd { margin: 0; min-width: 0; }
.alert { border-left: 4px solid var(--bad); background: var(--panel); padding: 8px 14px; white-space: pre-line; }
details { border: 1px solid var(--line); border-radius: 8px; margin: 12px 0; padding: 0 14px; }
summary { cursor: pointer; padding: 9px 0; font-weight: 600; }
pre, code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
pre { overflow-x: auto; background: var(--panel); padding: 12px; border-radius: 6px; margin: 0 0 14px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; margin: 8px 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: 13px; padding-bottom: 4px; }
th, td { padding: 5px 20px 5px 0; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top; }
thead th { color: var(--muted); font-weight: 600; border-bottom-color: var(--line); vertical-align: bottom; }
tbody th { font-weight: 500; }
th.number, td.number { text-align: right; white-space: nowrap; }
table.matrix td, table.values td { font-size: 13px; }
table.matrix tbody, table.values tbody { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
table.matrix tbody th, table.values tbody th { font-size: 13px; min-width: 180px; overflow-wrap: break-word; }
table.matrix td { min-width: 90px; }
table.values td:last-child { font-family: inherit; min-width: 160px; }
table.outcomes { margin: 14px auto; }
table.outcomes td, table.outcomes th { vertical-align: middle; }
table.outcomes td[style] { background: color-mix(in srgb, var(--c0) var(--share), var(--panel)); }
table.outcomes td { padding: 12px 18px; text-align: center; border: 2px solid var(--page); border-radius: 6px; }
table.outcomes td strong { display: block; font-size: 19px; }
table.outcomes th { border: 0; padding: 6px 12px; color: var(--muted); }
)css";

constexpr std::string_view kFigures = R"css(
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(480px, 100%), 1fr)); gap: 18px; }
figure { margin: 0; padding: 12px 14px; border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
.gallery.small-multiples { grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); }
figure.wide { grid-column: 1 / -1; }
figcaption { font-weight: 600; margin-bottom: 6px; }
figure .note { margin: 8px 0 0; }
svg { display: block; height: auto; margin: 0 auto; }
svg.chart { max-width: 100%; min-width: min(440px, 100vw); }
.small-multiples svg.chart { min-width: 0; }
svg text { fill: var(--ink); }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif; }
svg .tick, svg .name { fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .label { fill: var(--ink); font-weight: 500; }
svg .grid { stroke: var(--grid); } svg .axis { stroke: var(--muted); }
svg .reference { stroke: var(--muted); stroke-dasharray: 4 4; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
.s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
svg .line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
svg .line.d1 { stroke-dasharray: 7 4; } svg .line.d2 { stroke-dasharray: 2 4; }
svg .line.d3 { stroke-dasharray: 9 3 2 3; }
svg .line.d4 { stroke-dasharray: 5 3; } svg .line.d5 { stroke-dasharray: 1 3.5; }
svg .line.d6 { stroke-dasharray: 12 4; } svg .line.d7 { stroke-dasharray: 4 3 1 3 1 3; }
svg .background { fill: none; stroke: var(--line); stroke-width: 1.2; }
svg .band { fill: var(--c); opacity: 0.16; }
svg .leader { fill: none; stroke: var(--c); }
svg .dot circle { fill: var(--c); stroke: transparent; stroke-width: 8; }
svg .dot.hidden circle { opacity: 0; } svg .dot.hidden circle:hover { opacity: 1; }
svg .seeds circle { fill: var(--c0); fill-opacity: 0.75; stroke: var(--page); }
svg .interval { fill: none; stroke: var(--ink); stroke-width: 1.5; }
svg .mean line { stroke: var(--c1); stroke-width: 3.5; }
svg .mark { fill: none; stroke: var(--c2); stroke-width: 2; }
svg .bar { fill: var(--c0); } svg .bar.faint { fill: var(--muted); opacity: 0.55; }
svg .confidence { stroke: var(--c1); stroke-width: 3; }
svg .box rect { fill: var(--panel); stroke: var(--muted); }
svg .box.dataset rect, svg .box.transforms rect { stroke: var(--c5); }
svg .box.model rect { stroke: var(--c0); stroke-dasharray: 5 3; }
svg .box.projector rect, svg .box.normalization rect { stroke: var(--c2); }
svg .box.loss rect, svg .box.objective rect { stroke: var(--c1); }
svg .box.optimizer rect { stroke: var(--c3); }
svg .box.trained rect { stroke-width: 2.6; stroke-dasharray: none; }
svg .box .detail { fill: var(--muted); font-size: 11px; }
svg .edge { fill: none; stroke: var(--muted); stroke-width: 1.2; } svg .tip { fill: var(--muted); }
svg .edge-label { font-size: 11px; fill: var(--muted); stroke: var(--page); stroke-width: 4px; paint-order: stroke; }
@media print {
  body { font-size: 11pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav { display: none; }
  figure, .tile, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll, pre { overflow: visible; }
  svg.chart, svg.graph { max-width: 100%; min-width: 0; }
  pre { white-space: pre-wrap; }
  .gallery { grid-template-columns: 1fr 1fr; }
  table.matrix td, table.matrix tbody th { min-width: 0; overflow-wrap: anywhere; font-size: 8pt; padding-right: 6px; }
}
)css";

constexpr std::size_t kSize = kColors.size() + kText.size() + kFigures.size();

// Put together when compiled, so that the page has one text to show.
constexpr auto kStyle = [] {
  struct {
    char text[kSize];
  } all{};
  std::size_t next = 0;
  for (const std::string_view part : {kColors, kText, kFigures}) {
    for (const char c : part) all.text[next++] = c;
  }
  return all;
}();

}  // namespace

std::string_view style() {
  return {kStyle.text, kSize};
}

}  // namespace retort::report
