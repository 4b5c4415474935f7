#include <retort/component.hpp>

// Stands in for retort/loss.hpp, which brings LibTorch's headers with it.
class retort::Loss {
 public:
  static constexpr Kind kKind = Kind::Loss;
  virtual double forward() = 0;
};

class Unfinished final : public retort::Loss {};

auto component = retort::component<Unfinished>(retort::describe<retort::NoOptions>("unfinished", "1.0.0"));
