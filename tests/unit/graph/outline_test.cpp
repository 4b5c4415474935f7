#include "graph/outline.hpp"

#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "assembled.hpp"

namespace retort::graph {
namespace {

using testing::HasSubstr;

class OutlineTest : public testing::Test {
 protected:
  OutlineTest()
      : assembled_(R"(
[dataset]
use = "synthetic"
image = [1, 8, 8]
transforms = ["random_flip"]
[teacher]
use = "mlp"
[student]
use = "mlp"
hidden = [16]
[loss.label]
use = "cross_entropy"
weight = 0.1
[loss.hint]
use = "logsum"
alpha = 2.0
student = { projector = { use = "linear" }, normalization = { use = "l2" } }
)") {}

  Outline outline() const { return outline_of(*assembled_.graph); }

  Assembled assembled_;
};

TEST_F(OutlineTest, EveryEdgeJoinsTwoNodesAndEveryNodeIsJoined) {
  ASSERT_TRUE(assembled_.graph) << assembled_.diagnostics.text();
  std::set<std::string> ids, joined;
  for (const OutlineNode& node : outline().nodes) EXPECT_TRUE(ids.insert(node.id).second) << node.id;
  for (const OutlineEdge& edge : outline().edges) {
    EXPECT_TRUE(ids.contains(edge.from)) << edge.from;
    EXPECT_TRUE(ids.contains(edge.to)) << edge.to;
    joined.insert({edge.from, edge.to});
  }
  EXPECT_EQ(joined, ids);
}

TEST_F(OutlineTest, TextShowsTheWayOfABranch) {
  const std::string text = draw_text(outline());
  EXPECT_THAT(text, HasSubstr("student.penultimate 16 -> linear 128 -> l2 128"));
  EXPECT_THAT(text, HasSubstr("x 0.1"));
  EXPECT_THAT(text, HasSubstr("frozen"));
  EXPECT_THAT(text, HasSubstr("  memory      about "));
}

TEST_F(OutlineTest, JsonHoldsTheSameNodes) {
  const auto json = nlohmann::json::parse(draw_json({outline()}));
  EXPECT_EQ(json["stages"][0]["nodes"].size(), outline().nodes.size());
  EXPECT_EQ(json["stages"][0]["edges"].size(), outline().edges.size());
}

TEST_F(OutlineTest, MermaidAndDotEscapeWhatTheirLanguagesWouldRead) {
  Outline hostile{.stage = "a\"b", .nodes = {{"x.y", "model", "say \"hi\" <b>", "", true}}, .edges = {}};
  EXPECT_THAT(draw_mermaid(hostile), HasSubstr("x_y[\"say #quot;hi#quot; #lt;b>\"]:::trained"));
  EXPECT_THAT(draw_dot(hostile), HasSubstr("\"x.y\" [label=\"say \\\"hi\\\" <b>\""));
}

}  // namespace
}  // namespace retort::graph
