// Random graphs, and everything that happens to their runs in whatever order, against a model that
// knows which nodes are done, and nothing else.
#include <gtest/gtest.h>

#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/flows/flow_check.hpp"
#include "core/flows/flow_machine.hpp"

namespace colonnade::core {
namespace {

constexpr std::size_t random_nodes_max = 7;
constexpr std::size_t random_acts = 60;

// Each number says which of the nodes before it a node depends on, and whether it is a gate.
FlowDefinition random_flow(const std::vector<std::size_t>& shape, int parallel_max) {
  FlowDefinition out{
      .name = "f", .agents = {{.id = "a"}}, .bounds = {.parallel_max = parallel_max}};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    FlowNode node{.id = "n" + std::to_string(i), .agent_id = "a", .objective = "x"};
    for (std::size_t k = 0; k < i; ++k) {
      if (((shape[i] >> k) & 1U) != 0) node.depends_on.push_back("n" + std::to_string(k));
    }
    if (shape[i] % 5 == 4) node.stage = std::string(approval_stage);
    node.attempts_max = 1 + static_cast<int>(shape[i] % 3);
    out.nodes.push_back(std::move(node));
  }
  return out;
}

// What anybody would say by looking at the graph.
struct FlowModel {
  const FlowDefinition& definition;
  std::set<std::string> done{};
  std::set<std::string> at_work{};
  std::map<std::string, int> failures{};
  bool is_paused = false;
  bool is_over = false;

  bool may_begin(const FlowNode& node) const {
    return !done.contains(node.id) && !at_work.contains(node.id) &&
           std::ranges::all_of(node.depends_on,
                               [&](const std::string& id) { return done.contains(id); });
  }
  // Begins what can begin.
  void fill() {
    if (is_paused || is_over) return;
    std::set<std::string> ready;
    for (const FlowNode& node : definition.nodes) {
      if (!node.is_gate() && may_begin(node)) ready.insert(node.id);
    }
    const auto most = static_cast<std::size_t>(definition.bounds.parallel_max);
    for (const std::string& id : ready) {
      if (at_work.size() < most) at_work.insert(id);
    }
  }
  bool waits_at_a_gate() const {
    return !is_paused && !is_over && at_work.empty() &&
           std::ranges::any_of(definition.nodes, [&](const FlowNode& node) {
             return node.is_gate() && may_begin(node);
           });
  }
  bool is_complete() const { return done.size() == definition.nodes.size(); }
};

// A run, its model, and what is done to both.
class FlowPair {
 public:
  explicit FlowPair(FlowDefinition definition)
      : definition_(std::move(definition)),
        machine_(definition_, FlowMachine::fresh(definition_)),
        model_{.definition = definition_} {
    look();
  }

  void act(std::size_t what, std::size_t choice) {
    switch (what % 8) {
      case 0:
      case 1:
      case 2: end_one(choice, FlowNodeEnd::succeeded); break;
      case 3: end_one(choice, FlowNodeEnd::failed); break;
      case 4: pause(); break;
      case 5: resume(); break;
      case 6: decide(choice); break;
      default: retry(choice);
    }
    look();
  }

 private:
  FlowRunState state() const { return machine_.progress().state; }
  bool told(const FlowEvent& event) {
    const FlowProgress before = machine_.progress();
    const bool taken = machine_.on(event, {++now_}).has_value();
    if (!taken) RC_ASSERT(machine_.progress() == before);
    return taken;
  }

  void end_one(std::size_t choice, FlowNodeEnd end) {
    if (model_.at_work.empty()) return;
    auto chosen = model_.at_work.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(choice % model_.at_work.size()));
    const std::string id = *chosen;
    RC_ASSERT(told(FlowNodeBegan{.node_id = id}));
    const bool is_stopping = state() == FlowRunState::pausing || model_.is_over;
    const bool fails = end == FlowNodeEnd::failed;
    if (fails && is_stopping) end = FlowNodeEnd::cancelled;
    RC_ASSERT(told(FlowNodeEnded{.node_id = id, .end = end, .text = "t", .error = "e"}));
    model_.at_work.erase(id);
    if (!fails) model_.done.insert(id);
    if (!fails || is_stopping) return;
    const int most = definition_.node(id)->attempts_max.value_or(1);
    if (++model_.failures[id] >= most) model_.is_over = true;
  }
  void pause() {
    const bool may = state() == FlowRunState::queued || state() == FlowRunState::running;
    RC_ASSERT(told(FlowPauseAsked{}) == may);
    if (may) model_.is_paused = true;
  }
  void resume() {
    const bool may = state() == FlowRunState::paused;
    RC_ASSERT(told(FlowResumeAsked{}) == may);
    if (may) model_.is_paused = false;
  }
  void decide(std::size_t choice) {
    const bool waits = model_.waits_at_a_gate();
    const std::string gate = waits ? machine_.progress().gate->node_id : std::string();
    const FlowVerdict verdict = choice % 3 == 0 ? FlowVerdict::rework : FlowVerdict::approve;
    RC_ASSERT(told(FlowGateDecided{.verdict = verdict}) == waits);
    if (!waits) return;
    if (verdict == FlowVerdict::approve) {
      model_.done.insert(gate);
      return;
    }
    forget(gate);
    for (const std::string& id : definition_.node(gate)->depends_on) forget(id);
  }
  void retry(std::size_t choice) {
    const std::string id = definition_.nodes[choice % definition_.nodes.size()].id;
    const bool rests = has_ended(state()) || state() == FlowRunState::paused ||
                       state() == FlowRunState::awaiting_approval;
    const bool may = rests && model_.at_work.empty();
    RC_ASSERT(told(FlowNodeRetryAsked{.node_id = id}) == may);
    if (!may) return;
    forget(id);
    model_.is_over = false;
    model_.is_paused = false;
  }
  // The node and whatever can be reached from it are not done.
  void forget(const std::string& id) {
    model_.done.erase(id);
    model_.failures.erase(id);
    for (const FlowNode& node : definition_.nodes) {
      const bool follows = std::ranges::find(node.depends_on, id) != node.depends_on.end();
      if (follows) forget(node.id);
    }
  }

  void look() {
    RC_ASSERT(told(FlowLookedAt{}));
    model_.fill();
    if (model_.is_complete() && !model_.is_paused) model_.is_over = true;
    check();
  }
  void check() {
    const FlowCommands commands = machine_.commands();
    const std::set<std::string> works(commands.follow.begin(), commands.follow.end());
    RC_ASSERT(works == model_.at_work);
    std::set<std::string> done;
    for (const auto& [id, work] : machine_.progress().nodes) {
      if (work.state == FlowNodeState::completed) done.insert(id);
      if (work.state == FlowNodeState::completed) RC_ASSERT(work.output.has_value());
    }
    RC_ASSERT(done == model_.done);
    if (model_.is_paused) {
      RC_ASSERT(state() == (works.empty() ? FlowRunState::paused : FlowRunState::pausing));
      return;
    }
    RC_ASSERT((state() == FlowRunState::awaiting_approval) == model_.waits_at_a_gate());
    RC_ASSERT(has_ended(state()) == model_.is_over);
    RC_ASSERT((state() == FlowRunState::completed) == (model_.is_over && model_.is_complete()));
    // Something is under way, or somebody can do something about it.
    RC_ASSERT(state() != FlowRunState::running || !works.empty());
  }

  const FlowDefinition definition_;
  FlowMachine machine_;
  FlowModel model_;
  std::int64_t now_ = 0;
};

TEST(FlowMachineRandom, ItDoesWhatTheGraphSays) {
  EXPECT_TRUE(rc::check([] {
    const auto nodes = *rc::gen::inRange<std::size_t>(1, random_nodes_max + 1);
    const auto shape = *rc::gen::container<std::vector<std::size_t>>(
        nodes, rc::gen::inRange<std::size_t>(0, std::size_t{1} << random_nodes_max));
    const FlowDefinition definition = random_flow(shape, *rc::gen::inRange(1, 4));
    RC_ASSERT(check_flow(definition).has_value());
    FlowPair pair(definition);
    const auto acts = *rc::gen::container<std::vector<std::pair<std::size_t, std::size_t>>>(
        random_acts,
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, 8), rc::gen::inRange<std::size_t>(0, 1000)));
    for (const auto& [what, choice] : acts) pair.act(what, choice);
  }));
}

}  // namespace
}  // namespace colonnade::core
