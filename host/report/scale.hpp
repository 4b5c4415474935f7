#pragma once

#include <optional>
#include <string>
#include <vector>

// From values to places on a chart.
namespace retort::report {

// What values span; those that are not finite do not count.
class Extent {
 public:
  void add(double value);
  bool empty() const { return empty_; }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  bool empty_ = true;
  double low_ = 0.0;
  double high_ = 0.0;
};

struct Tick {
  double value = 0.0;
  std::string label;
};

enum class ScaleKind { Linear, Logarithmic };

// Maps [low, high] to [begin, end], which are places in pixels; `end` may be less than `begin`. An extent of one value
// is widened, and an empty one becomes 0 to 1. A logarithmic scale of an extent that is not positive is linear.
class Scale {
 public:
  struct Ends {
    bool rounded = true;      // outwards to ticks; else they are those of the extent
    double least_step = 0.0;  // between ticks: 1 for what is counted
  };
  Scale(ScaleKind kind, const Extent& extent, double begin, double end, int ticks, const Ends& ends);
  Scale(ScaleKind kind, const Extent& extent, double begin, double end, int ticks)
      : Scale(kind, extent, begin, end, ticks, Ends()) {}

  double operator()(double value) const;
  const std::vector<Tick>& ticks() const { return ticks_; }
  double low() const { return low_; }
  double high() const { return high_; }
  ScaleKind kind() const { return kind_; }

 private:
  void make_linear(int ticks, const Ends& ends);
  void make_logarithmic(int ticks);

  ScaleKind kind_;
  double low_;
  double high_;
  double begin_;
  double end_;
  std::vector<Tick> ticks_;
};

// For losses and the like: logarithmic when the values are positive and span more than a factor of 50.
ScaleKind fitting_scale(const Extent& extent);

// 0.1234, 5.2e-05, 12,345 as "0.1234", "5.2e-05", "12345"; "not finite" for what is not.
std::string number_text(double value);

}  // namespace retort::report
