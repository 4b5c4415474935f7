#include "common_work.hpp"

namespace retort::engine {

class CommonWork::Teacher {
 public:
  Teacher(const graph::ModelNode& node, c10::Device device, c10::ScalarType type, const config::EngineSpec& engine)
      : node_(node), device_(device), type_(type), engine_(engine) {}

  void ask_for(const TapRequest& request) {
    std::vector<std::string> names = node_.request.names();
    names.insert(names.end(), request.names().begin(), request.names().end());
    TapRequest all(std::move(names));
    if (all.names() == node_.request.names()) return;
    node_.request = std::move(all);
    runner_.reset();
    taps_.reset();
  }

  std::size_t tap_count() const { return node_.request.names().size(); }

  const Taps& taps(std::int64_t batch, const Images& images, const torch::Tensor& target) {
    if (taps_ && batch_ == batch) return *taps_;
    if (!runner_) runner_.emplace(node_, /*trained=*/false, device_, type_, engine_);
    taps_ = runner_->run(images(), target);
    batch_ = batch;
    return *taps_;
  }

  const Evaluation& evaluation(const data::Source& test, const std::function<Evaluation()>& evaluate) {
    const auto known = evaluations_.find(&test);
    return known != evaluations_.end() ? known->second : evaluations_.emplace(&test, evaluate()).first->second;
  }

 private:
  graph::ModelNode node_;  // asks for what all of its pupils ask for
  c10::Device device_;
  c10::ScalarType type_;
  config::EngineSpec engine_;
  std::optional<ModelRunner> runner_;
  std::int64_t batch_ = -1;
  std::optional<Taps> taps_;
  std::map<const data::Source*, Evaluation> evaluations_;
};

std::shared_ptr<CommonWork::Teacher> CommonWork::join(const std::string& name, const graph::ModelNode& node,
                                                      c10::Device device, c10::ScalarType type,
                                                      const config::EngineSpec& engine) {
  std::weak_ptr<Teacher>& known = teachers_[name];
  std::shared_ptr<Teacher> teacher = known.lock();
  if (!teacher) known = teacher = std::make_shared<Teacher>(node, device, type, engine);
  teacher->ask_for(node.request);
  return teacher;
}

void CommonWork::begin_batch(const data::Source& source, const torch::Tensor& indices, std::int64_t epoch) {
  if (source_ == &source && epoch_ == epoch && indices_.equal(indices)) return;
  source_ = &source;
  indices_ = indices;
  epoch_ = epoch;
  ++batch_;
  images_.clear();
}

torch::Tensor CommonWork::images(const data::Normalize& normalize, c10::ScalarType type, at::MemoryFormat format,
                                 const Images& make) {
  for (const MadeImages& made : images_) {
    if (made.normalize == normalize && made.type == type && made.format == format) return made.tensor;
  }
  images_.push_back({normalize, type, format, make()});
  return images_.back().tensor;
}

Taps CommonWork::teacher_taps(Teacher& teacher, const TapRequest& request, const Images& images,
                              const torch::Tensor& target) {
  const Taps& all = teacher.taps(batch_, images, target);
  Taps asked(request);
  for (const std::string& name : request.names()) asked.put(name, all.at(name));
  return asked;
}

std::size_t CommonWork::tap_count(const Teacher& teacher) {
  return teacher.tap_count();
}

const Evaluation& CommonWork::teacher_evaluation(Teacher& teacher, const data::Source& test,
                                                 const std::function<Evaluation()>& evaluate) {
  return teacher.evaluation(test, evaluate);
}

bool CommonWork::first_to_announce(const data::Source& source, const std::string& stage, std::int64_t number) {
  std::int64_t& next = announced_[{&source, stage}];
  if (number < next) return false;
  next = number + 1;
  return true;
}

}  // namespace retort::engine
