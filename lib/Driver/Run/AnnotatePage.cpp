//===- AnnotatePage.cpp - moe-run annotate --html -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pictures are SVG made here; the page has no script and no reference to
// anything outside it.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Annotate.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace moe::driver;
using namespace moe::timing;

static constexpr double width = 900, height = 260;

static const char style[] =
    "<style>body{font:14px sans-serif;margin:1em auto;max-width:70em;"
    "padding:0 1em}table{border-collapse:collapse;font:12px monospace}"
    "td,th{padding:0 .6em;text-align:right}td:nth-child(n+7),"
    "th:nth-child(n+7){text-align:left}td.hot{background:#f6b26b}"
    "td.warm{background:#fce5cd}svg{max-width:100%;height:auto;"
    "border:1px solid #ccc}.scroll{overflow-x:auto}</style>\n";

static std::string escaped(StringRef text) {
  std::string out;
  raw_string_ostream os(out);
  printHTMLEscaped(text, os);
  return out;
}

static void openPicture(raw_ostream &os, const char *title) {
  os << "<h2>" << title << "</h2>\n"
     << format("<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" "
               "font-size=\"12\" aria-label=\"",
               width, height, width)
     << title << "\">\n";
}

/// Log-log: matrix work (cycles of a SIMD) against bytes of HBM.
static void roofline(raw_ostream &os, const Annotated &a) {
  const Parameters &p = a.parameters;
  double roof = p.cus * p.simds;
  double bytesPerClk = p.hbm_peak_tbs * 1000 / p.clock_ghz;
  double intensity = a.time.matrixClk / std::max(a.time.hbmBytes, 1.0);
  double rate = a.time.matrixClk / (a.time.us * p.clock_ghz * 1000);
  double knee = roof / bytesPerClk;
  double low = std::log10(knee) - 3, high = std::log10(knee) + 2;
  auto x = [&](double value) {
    double at = std::log10(std::max(value, 1e-12));
    return 50 + (width - 70) * std::clamp((at - low) / (high - low), 0.0, 1.0);
  };
  auto y = [&](double part) {
    double at = std::log10(std::max(part, 1e-4));
    return 20 + (height - 60) * std::clamp(-at / 4, 0.0, 1.0);
  };
  openPicture(os, "Roofline (modelled)");
  os << format("<polyline fill=\"none\" stroke=\"#333\" points=\"%.1f,%.1f "
               "%.1f,%.1f %.1f,%.1f\"/>\n",
               x(knee * 1e-3), y(1e-3), x(knee), y(1), x(knee * 100), y(1));
  os << format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#c00\"/>\n",
               x(intensity), y(rate / roof));
  os << format("<text x=\"60\" y=\"%.1f\">matrix cycles a byte of HBM: this "
               "launch %.3g, knee %.3g; %.1f %% of the matrix peak</text>\n",
               height - 12, intensity, knee, 100 * rate / roof);
  os << "</svg>\n";
}

static void pressure(raw_ostream &os, const Annotated &a) {
  openPicture(os, "Live vector registers by instruction");
  double top = std::max(1u, a.recording->kernel().vgprs);
  double step = (width - 60) / double(std::max<size_t>(1, a.live.size()));
  auto y = [&](double value) { return 20 + (height - 50) * (1 - value / top); };
  os << "<polyline fill=\"none\" stroke=\"#06c\" points=\"";
  for (size_t i = 0; i < a.live.size(); ++i)
    os << format("%.1f,%.1f ", 50 + step * double(i), y(a.live[i]));
  os << "\"/>\n";
  os << format("<line x1=\"50\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
               "stroke=\"#c00\" stroke-dasharray=\"4\"/>",
               width - 10, y(top), y(top));
  os << format("<text x=\"54\" y=\"34\">allocated %.0f</text>\n</svg>\n", top);
}

static const char *colourOf(const moe::emulator::EventInst &inst) {
  if (inst.passes)
    return "#c00";
  StringRef kind = inst.category;
  if (kind == "valu" || kind == "cvt" || kind == "trans")
    return "#06c";
  if (kind == "lds")
    return "#080";
  if (kind == "vmem" || kind == "flat")
    return "#a0a";
  return "#999";
}

static void bar(raw_ostream &os, double x, double y, double length,
                double thick, const char *colour) {
  os << format("<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" "
               "fill=\"%s\"/>\n",
               x, y, length, thick, colour);
}

/// The first cycles of the waves of the first workgroup; grey is stall.
static void timeline(raw_ostream &os, const Annotated &a) {
  std::vector<Slice> slices;
  modelTime(*a.recording, a.parameters, [&](const Slice &slice) {
    if (slice.group == 0 && slices.size() < 6000)
      slices.push_back(slice);
  });
  double end = 1;
  for (const Slice &slice : slices)
    end = std::max(end, slice.end);
  unsigned waves = std::max(1u, a.recording->kernel().waves);
  double row = (height - 30) / waves, scale = (width - 60) / end;
  openPicture(os, "Timeline of the first workgroup (modelled)");
  for (const Slice &slice : slices) {
    double y = 4 + row * slice.wave;
    if ((slice.issued - slice.ready) * scale > 0.5)
      bar(os, 50 + slice.ready * scale, y, (slice.issued - slice.ready) * scale,
          row - 3, "#eee");
    bar(os, 50 + slice.issued * scale, y,
        std::max(0.2, (slice.end - slice.issued) * scale), row - 3,
        colourOf(a.recording->kernel().insts[slice.inst]));
  }
  os << format("<text x=\"50\" y=\"%.1f\">0 to %.0f cycles; red matrix, blue "
               "vector, green LDS, purple global memory, light grey "
               "stalled</text>\n</svg>\n",
               height - 8, end);
}

static void instructions(raw_ostream &os, const Annotated &a) {
  double all = 0;
  for (const InstTime &cost : a.time.insts)
    all += cost.stall;
  os << "<h2>Instructions</h2>\n<div class=\"scroll\"><table><tr><th>executed"
        "</th><th>stall</th><th>issue</th><th>VGPRs</th><th>LDS conflicts</th>"
        "<th>address</th><th>instruction</th><th>source</th></tr>\n";
  const auto &insts = a.recording->kernel().insts;
  for (size_t i = 0; i < insts.size(); ++i) {
    const InstTime &cost = a.time.insts[i];
    const char *heat = cost.stall > all / 20    ? " class=\"hot\""
                       : cost.stall > all / 100 ? " class=\"warm\""
                                                : "";
    os << format("<tr><td>%llu</td><td%s>%.0f</td><td>%.0f</td><td>%u</td>"
                 "<td>%llu</td><td>%llx</td><td>",
                 (unsigned long long)cost.count, heat, cost.stall, cost.issue,
                 a.live[i], (unsigned long long)cost.ldsConflicts,
                 (unsigned long long)insts[i].pc)
       << escaped(insts[i].text) << "</td><td>" << escaped(insts[i].line)
       << "</td></tr>\n";
  }
  os << "</table></div>\n";
}

std::string moe::driver::annotatedPage(const Annotated &a) {
  std::string text;
  raw_string_ostream os(text);
  std::string name = escaped(a.recording->kernel().kernel);
  os << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<title>"
     << name << "</title>\n"
     << style << "</head><body>\n<h1>" << name << "</h1>\n<p>"
     << format("Modelled, not measured: %.2f us on %s, ideal %.2f us, bound "
               "by %s; parameters %s%s.",
               a.time.us, a.recording->kernel().chip.c_str(), a.time.idealUs,
               a.time.boundBy.c_str(), escaped(a.time.parameters).c_str(),
               a.time.calibrated ? "" : ", uncalibrated")
     << "</p>\n<h2>Occupancy</h2>\n<ul>\n";
  for (const std::string &line : occupancyLines(a))
    os << "<li>" << escaped(line) << "</li>\n";
  os << "</ul>\n<h2>Busy units of the compute unit</h2>\n<table>\n";
  for (const auto &[unit, part] : a.time.busy)
    os << "<tr><td>" << unit
       << format("</td><td>%.1f %%</td></tr>\n", 100 * part);
  os << "</table>\n";
  roofline(os, a);
  pressure(os, a);
  timeline(os, a);
  instructions(os, a);
  os << "</body></html>\n";
  return text;
}
