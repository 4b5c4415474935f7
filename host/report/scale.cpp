#include "scale.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace retort::report {
namespace {

constexpr double kLargest = 1e300;  // beyond it differences would overflow

// The distance between ticks: 1, 2 or 5 times a power of ten, so that about `ticks` fit.
double nice_step(double span, int ticks) {
  const double raw = span / ticks;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double share = raw / power;
  return power * (share <= 1.0 ? 1.0 : share <= 2.0 ? 2.0 : share <= 5.0 ? 5.0 : 10.0);
}

// With the digits that a step needs, and no more.
std::string tick_text(double value, double step) {
  if (std::abs(value) < step * 1e-6) return "0";
  const double size = std::abs(value);
  if (size >= 1e6 || size < 1e-4) {
    const double digits = std::floor(std::log10(size) + 1e-9) - std::floor(std::log10(step) + 1e-9) + 1.0;
    return fmt::format("{:.{}g}", value, std::clamp(static_cast<int>(digits), 1, 12));
  }
  const int digits = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 12);
  return fmt::format("{:.{}f}", value, digits);
}

}  // namespace

void Extent::add(double value) {
  if (!std::isfinite(value)) return;
  value = std::clamp(value, -kLargest, kLargest);
  low_ = empty_ ? value : std::min(low_, value);
  high_ = empty_ ? value : std::max(high_, value);
  empty_ = false;
}

Scale::Scale(ScaleKind kind, const Extent& extent, double begin, double end, int ticks, const Ends& ends)
    : kind_(kind),
      low_(extent.empty() ? 0.0 : extent.low()),
      high_(extent.empty() ? 1.0 : extent.high()),
      begin_(begin),
      end_(end) {
  if (kind_ == ScaleKind::Logarithmic && low_ > 0.0) {
    make_logarithmic(ticks);
  } else {
    kind_ = ScaleKind::Linear;
    make_linear(ticks, ends);
  }
}

void Scale::make_linear(int ticks, const Ends& ends) {
  // Less than what doubles can tell apart between the ends is one value.
  const double size = std::max(std::abs(low_), std::abs(high_));
  if (high_ - low_ <= size * 1e-9 || high_ - low_ < 1e-290) {
    const double room = size < 1e-290 ? 1.0 : 0.1 * size;
    low_ -= room;
    high_ += room;
  }
  const double step = std::max(nice_step(high_ - low_, ticks), ends.least_step);
  if (ends.rounded) {
    low_ = std::floor(low_ / step + 1e-9) * step;
    high_ = std::ceil(high_ / step - 1e-9) * step;
  }
  const double first = std::ceil(low_ / step - 1e-9);
  const int count = static_cast<int>(std::floor(high_ / step + 1e-9) - first) + 1;
  for (int i = 0; i < count; ++i) {
    const double value = (first + i) * step;
    ticks_.push_back({value, tick_text(value, step)});
  }
}

void Scale::make_logarithmic(int ticks) {
  if (high_ / low_ < 1.0 + 1e-9) {
    low_ /= 2.0;
    high_ *= 2.0;
  }
  const int first = static_cast<int>(std::floor(std::log10(low_)));
  const int last = static_cast<int>(std::ceil(std::log10(high_)));
  const int every = std::max(1, (last - first) / std::max(1, ticks));
  const bool between = last - first <= 3;  // few powers of ten: 2 and 5 times them too
  for (int power = first; power <= last; power += every) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1.0 && !between) continue;
      const double value = factor * std::pow(10.0, power);
      if (value < low_ * (1 - 1e-9) || value > high_ * (1 + 1e-9)) continue;
      ticks_.push_back({value, number_text(value)});
    }
  }
}

double Scale::operator()(double value) const {
  const double share = kind_ == ScaleKind::Logarithmic
                           ? (std::log(value) - std::log(low_)) / (std::log(high_) - std::log(low_))
                           : (value - low_) / (high_ - low_);
  return begin_ + share * (end_ - begin_);
}

ScaleKind fitting_scale(const Extent& extent) {
  const bool wide = !extent.empty() && extent.low() > 0.0 && extent.high() / extent.low() > 50.0;
  return wide ? ScaleKind::Logarithmic : ScaleKind::Linear;
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "not finite";
  const double size = std::abs(value);
  if (size >= 1000.0 && size < 1e7) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

}  // namespace retort::report
