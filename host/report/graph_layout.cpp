#include "graph_layout.hpp"

#include <algorithm>

#include "separation.hpp"

namespace retort::report {
namespace {

constexpr int kOrderingSweeps = 12;
constexpr int kPlacingSweeps = 24;
constexpr double kPassage = 10.0;  // the width of an edge on its way between boxes

// A box, or the place where an edge passes a row.
struct Node {
  double width = 0.0;
  double height = 0.0;
  int row = 0;
  double x = 0.0;
  std::vector<std::size_t> above;  // its neighbours in the row before
  std::vector<std::size_t> below;
};

class LayoutMaker {
 public:
  LayoutMaker(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges, const Spacing& spacing)
      : boxes_(boxes), edges_(edges), spacing_(spacing) {
    for (const LayoutBox& box : boxes) nodes_.push_back({.width = box.width, .height = box.height});
  }

  Layout make() {
    choose_rows();
    add_passages();
    fill_rows();
    order_rows();
    place_rows();
    return result();
  }

 private:
  bool exists(const LayoutEdge& edge) const {
    return edge.from < boxes_.size() && edge.to < boxes_.size() && edge.from != edge.to;
  }

  // The longest way from a source; then late boxes move down to the row above their first successor.
  void choose_rows() {
    std::vector<int> open(boxes_.size(), 0);
    for (const LayoutEdge& edge : edges_) {
      if (exists(edge)) ++open[edge.to];
    }
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i] == 0) order.push_back(i);
    }
    for (std::size_t next = 0; next < order.size(); ++next) {
      for (const LayoutEdge& edge : edges_) {
        if (!exists(edge) || edge.from != order[next]) continue;
        nodes_[edge.to].row = std::max(nodes_[edge.to].row, nodes_[edge.from].row + 1);
        if (--open[edge.to] == 0) order.push_back(edge.to);
      }
    }
    for (auto box = order.rbegin(); box != order.rend(); ++box) {
      if (!boxes_[*box].late) continue;
      int lowest = -1;
      for (const LayoutEdge& edge : edges_) {
        if (!exists(edge) || edge.from != *box) continue;
        const int row = nodes_[edge.to].row - 1;
        lowest = lowest < 0 ? row : std::min(lowest, row);
      }
      nodes_[*box].row = std::max(nodes_[*box].row, lowest);
    }
  }

  // An edge over several rows passes each of them at a place of its own.
  void add_passages() {
    ways_.resize(edges_.size());
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const LayoutEdge& edge = edges_[i];
      // Only in a circle does an edge not go down.
      if (!exists(edge) || nodes_[edge.to].row <= nodes_[edge.from].row) continue;
      std::vector<std::size_t>& way = ways_[i];
      way.push_back(edge.from);
      for (int row = nodes_[edge.from].row + 1; row < nodes_[edge.to].row; ++row) {
        way.push_back(nodes_.size());
        nodes_.push_back({.width = kPassage, .height = 0.0, .row = row});
      }
      way.push_back(edge.to);
      for (std::size_t step = 1; step < way.size(); ++step) {
        nodes_[way[step - 1]].below.push_back(way[step]);
        nodes_[way[step]].above.push_back(way[step - 1]);
      }
    }
  }

  void fill_rows() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto row = static_cast<std::size_t>(nodes_[i].row);
      if (rows_.size() <= row) rows_.resize(row + 1);
      rows_[row].push_back(i);
    }
  }

  // Each box at the mean place of its neighbours, down and up in turn; the order with the fewest crossings stays.
  void order_rows() {
    std::vector<std::vector<std::size_t>> best = rows_;
    std::size_t fewest = crossings();
    for (int sweep = 0; sweep < kOrderingSweeps && fewest > 0; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 1; i < rows_.size(); ++i) order_row(down ? i : rows_.size() - 1 - i, down);
      const std::size_t now = crossings();
      if (now >= fewest) continue;
      fewest = now;
      best = rows_;
    }
    rows_ = best;
  }

  void order_row(std::size_t row, bool down) {
    const std::vector<double> rank = ranks();
    std::vector<double> wish(nodes_.size());
    for (const std::size_t node : rows_[row]) {
      const auto& neighbours = down ? nodes_[node].above : nodes_[node].below;
      double sum = 0.0;
      for (const std::size_t other : neighbours) sum += rank[other];
      wish[node] = neighbours.empty() ? rank[node] : sum / static_cast<double>(neighbours.size());
    }
    std::stable_sort(rows_[row].begin(), rows_[row].end(),
                     [&](std::size_t a, std::size_t b) { return wish[a] < wish[b]; });
  }

  // The place of each node in its row.
  std::vector<double> ranks() const {
    std::vector<double> ranks(nodes_.size());
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) ranks[row[i]] = static_cast<double>(i);
    }
    return ranks;
  }

  std::size_t crossings() const {
    const std::vector<double> rank = ranks();
    std::size_t count = 0;
    for (const auto& row : rows_) {
      std::vector<std::pair<double, double>> edges;  // ranks of their ends
      for (const std::size_t node : row) {
        for (const std::size_t other : nodes_[node].below) edges.emplace_back(rank[node], rank[other]);
      }
      for (std::size_t i = 0; i < edges.size(); ++i) {
        for (std::size_t j = i + 1; j < edges.size(); ++j) {
          const double product = (edges[i].first - edges[j].first) * (edges[i].second - edges[j].second);
          count += product < 0.0 ? 1 : 0;
        }
      }
    }
    return count;
  }

  // Every node to the middle of its neighbours, as far as those beside it leave room.
  void place_rows() {
    for (const auto& row : rows_) place_row(row, [](const Node&) { return 0.0; });
    for (int sweep = 0; sweep < kPlacingSweeps; ++sweep) {
      const auto middle = [this](const Node& node) {
        double sum = 0.0;
        for (const auto* neighbours : {&node.above, &node.below}) {
          for (const std::size_t other : *neighbours) sum += nodes_[other].x;
        }
        const std::size_t count = node.above.size() + node.below.size();
        return count == 0 ? node.x : sum / static_cast<double>(count);
      };
      if (sweep % 2 == 0) {
        for (const auto& row : rows_) place_row(row, middle);
      } else {
        for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) place_row(*row, middle);
      }
    }
  }

  template <class Wish>
  void place_row(const std::vector<std::size_t>& row, Wish wish) {
    std::vector<double> wanted;
    std::vector<double> distances;
    for (std::size_t i = 0; i < row.size(); ++i) {
      wanted.push_back(wish(nodes_[row[i]]));
      if (i > 0) distances.push_back((nodes_[row[i - 1]].width + nodes_[row[i]].width) / 2 + spacing_.across);
    }
    const std::vector<double> places = separated(wanted, distances);
    for (std::size_t i = 0; i < row.size(); ++i) nodes_[row[i]].x = places[i];
  }

  Layout result() const {
    Layout layout;
    if (nodes_.empty()) return layout;
    double left = nodes_[0].x;
    double right = nodes_[0].x;
    for (const Node& node : nodes_) {
      left = std::min(left, node.x - node.width / 2);
      right = std::max(right, node.x + node.width / 2);
    }
    layout.width = right - left;
    std::vector<double> middles;
    double y = 0.0;
    for (const auto& row : rows_) {
      double height = 0.0;
      for (const std::size_t node : row) height = std::max(height, nodes_[node].height);
      middles.push_back(y + height / 2);
      y += height + spacing_.between_rows;
    }
    layout.height = y - spacing_.between_rows;
    const auto place = [&](std::size_t node) {
      return Place{nodes_[node].x - left, middles[static_cast<std::size_t>(nodes_[node].row)]};
    };
    for (std::size_t i = 0; i < boxes_.size(); ++i) layout.boxes.push_back(place(i));
    for (const auto& way : ways_) {
      std::vector<Place> points;
      for (const std::size_t node : way) points.push_back(place(node));
      if (!way.empty()) {
        points.front().y += nodes_[way.front()].height / 2;
        points.back().y -= nodes_[way.back()].height / 2;
      }
      layout.edges.push_back(std::move(points));
    }
    return layout;
  }

  const std::vector<LayoutBox>& boxes_;
  const std::vector<LayoutEdge>& edges_;
  const Spacing spacing_;
  std::vector<Node> nodes_;  // the boxes, then the passages
  std::vector<std::vector<std::size_t>> rows_;
  std::vector<std::vector<std::size_t>> ways_;  // of each edge: nodes
};

}  // namespace

Layout lay_out(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges, const Spacing& spacing) {
  return LayoutMaker(boxes, edges, spacing).make();
}

}  // namespace retort::report
