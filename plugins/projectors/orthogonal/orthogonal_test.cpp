#include <gmock/gmock.h>
#include <torch/optim/sgd.h>
#include <retort/testing.hpp>

using ::testing::IsEmpty;

namespace {

const retort::testing::Plugin plugin(RETORT_PLUGIN_LIBRARY);

// W^T [in, out].
torch::Tensor map_of(retort::Projector& projector, std::int64_t in) {
  return projector.forward(torch::eye(in, projector.parameters()[0].options()).detach()).detach();
}

// The largest difference of W W^T or W^T W, whichever is the smaller matrix, from I.
double deviation(retort::Projector& projector, std::int64_t in) {
  const auto map = map_of(projector, in).to(torch::kDouble);
  const auto product = map.size(0) <= map.size(1) ? map.mm(map.t()) : map.t().mm(map);
  return (product - torch::eye(product.size(0), product.options())).abs().max().item<double>();
}

// A projector in double precision with the identity for its base and `lower` for its parameter.
std::shared_ptr<retort::Projector> with(const torch::Tensor& lower, const retort::ProjectorShapes& shapes,
                                        const char* map) {
  const auto projector = plugin.projector("orthogonal", shapes, {{"map", map}});
  projector->to(torch::kDouble);
  const torch::NoGradGuard no_grad;
  projector->named_parameters()["lower"].copy_(lower);
  auto base = projector->named_buffers()["base"];
  base.copy_(torch::eye(base.size(0), base.options()));
  return projector;
}

torch::Tensor counted(std::int64_t rows, std::int64_t columns, double divisor) {
  return (torch::arange(rows * columns, torch::kDouble).view({rows, columns}) - 4) / divisor;
}

// Values of torch.nn.utils.parametrizations.orthogonal in PyTorch 2.11, float64.
TEST(Orthogonal, AgreesWithPyTorch) {
  const auto square_cayley = torch::tensor({{0.871794871794872, 0.051282051282051, -0.487179487179487},
                                            {-0.358974358974359, 0.743589743589744, -0.564102564102564},
                                            {0.333333333333333, 0.666666666666667, 0.666666666666667}},
                                           torch::kDouble);
  const auto square_exponential = torch::tensor({{0.854816068729174, 0.040883171618719, -0.517318137049914},
                                                 {-0.3893246066687, 0.709632137458349, -0.587238094922798},
                                                 {0.343097419524923, 0.703385239939458, 0.622521778695853}},
                                                torch::kDouble);
  const auto tall_cayley = torch::tensor({{0.847069324605772, 0.038083903600119},
                                          {-0.368144401467817, 0.751859565605475},
                                          {-0.023009025091739, 0.109491222850342},
                                          {0.161856590300506, 0.333234156501041},
                                          {0.34672220569275, 0.556977090151741}},
                                         torch::kDouble);
  const auto tall_exponential = torch::tensor({{0.826235070357832, 0.02532016924665},
                                               {-0.401297870573936, 0.71777996420573},
                                               {-0.022542502668039, 0.112871295991884},
                                               {0.167440263034757, 0.351371605920695},
                                               {0.357423028737553, 0.589871915849506}},
                                              torch::kDouble);
  const auto check = [](const char* map, const torch::Tensor& square, const torch::Tensor& tall) {
    EXPECT_TRUE(torch::allclose(map_of(*with(counted(3, 3, 4), {{3}, {3}}, map), 3), square, 0, 1e-13)) << map;
    // From 5 to 2 W is the transpose of the tall matrix, from 2 to 5 it is the matrix itself.
    EXPECT_TRUE(torch::allclose(map_of(*with(counted(5, 2, 8), {{5}, {2}}, map), 5), tall, 0, 1e-13)) << map;
    EXPECT_TRUE(torch::allclose(map_of(*with(counted(5, 2, 8), {{2}, {5}}, map), 2), tall.t(), 0, 1e-13)) << map;
  };
  check("cayley", square_cayley, tall_cayley);
  check("exponential", square_exponential, tall_exponential);
}

TEST(Orthogonal, StaysOrthogonalWhileItIsTrained) {
  for (const char* map : {"cayley", "exponential"}) {
    for (const auto& [in, out] :
         std::vector<std::pair<std::int64_t, std::int64_t>>{{48, 16}, {16, 48}, {20, 24}, {32, 32}}) {
      SCOPED_TRACE(map + std::string(" ") + std::to_string(in) + " to " + std::to_string(out));
      const auto projector = plugin.projector("orthogonal", {{in}, {out}}, {{"map", map}});
      EXPECT_LT(deviation(*projector, in), 1e-6);
      const auto before = map_of(*projector, in);
      torch::optim::SGD optimizer(projector->parameters(), torch::optim::SGDOptions(0.5).momentum(0.9));
      const auto features = torch::randn({64, in});
      const auto target = torch::randn({64, out});
      double first = 0, last = 0;
      for (int step = 0; step < 20; ++step) {
        optimizer.zero_grad();
        const auto loss = torch::mse_loss(projector->forward(features), target);
        loss.backward();
        optimizer.step();
        last = loss.item<double>();
        if (step == 0) first = last;
        EXPECT_LT(deviation(*projector, in), 1e-6) << "after step " << step;
      }
      EXPECT_LT(last, first);
      EXPECT_GT((map_of(*projector, in) - before).abs().max().item<double>(), 1e-2);
    }
  }
}

TEST(Orthogonal, KeepsLengthsWhereItHasRoom) {
  const auto features = torch::randn({8, 5, 16});
  const auto projected = plugin.projector("orthogonal", {{5, 16}, {5, 40}})->forward(features);
  EXPECT_TRUE(torch::allclose(projected.norm(2, 2), features.norm(2, 2), 1e-5));
}

// The system of 2k equations has the gradient of that of n equations.
TEST(Orthogonal, TheSmallSystemHasTheGradientOfTheLarge) {
  const auto projector = with(counted(9, 2, 8), {{9}, {2}}, "cayley");
  const auto weights = torch::linspace(-1, 2, 18, torch::kDouble).view({9, 2}).square();
  (projector->forward(torch::eye(9, torch::kDouble)) * weights).sum().backward();

  const auto lower = counted(9, 2, 8).set_requires_grad(true);
  const auto left = torch::cat({lower.tril(-1), torch::zeros({9, 7}, torch::kDouble)}, 1);
  const auto skew = left - left.t();
  const auto unit = torch::eye(9, torch::kDouble);
  const auto q = torch::inverse(unit - skew / 2).mm(unit + skew / 2).slice(1, 0, 2);
  (q * weights).sum().backward();
  EXPECT_TRUE(torch::allclose(projector->parameters()[0].grad(), lower.grad(), 0, 1e-12));
}

TEST(Orthogonal, KeepsTheContract) {
  EXPECT_THAT(retort::testing::check_projector(plugin, "orthogonal"), IsEmpty());
  EXPECT_THAT(retort::testing::check_projector(plugin, "orthogonal", {{"map", "exponential"}}), IsEmpty());
}

}  // namespace
