#include "job_client.hpp"

#include <array>
#include <chrono>
#include <stdexcept>

namespace colonnade::kill {
namespace {

using nlohmann::json;

constexpr auto patience = std::chrono::seconds(30);
constexpr int orders_of_a_life = 6;
constexpr const char* trigger_root = "/api/v1/agent/trigger";

json answer_to(const bench::Response& answer, const JobOrder& order) {
  if (answer.status == 200 || answer.status == 201) return json::parse(answer.body);
  throw std::logic_error("the order " + order.mark +
                         " was refused: " + std::to_string(answer.status) + " " + answer.body);
}

bool place_jobs(bench::BlockingConnection& connection, const bench::Target& target,
                JobOrder& order) {
  std::string headers = user_headers();
  if (!order.request_key.empty()) headers += "Idempotency-Key: " + order.request_key + "\r\n";
  const auto answer = connection.exchange(
      bench::request_text(target, "POST", order.path, order.body, headers), patience);
  if (!answer) return false;
  const json body = answer_to(*answer, order);
  if (order.is_batch) {
    order.ids = body.at("runIds").get<std::vector<std::string>>();
  } else {
    order.ids.push_back(body.at("id"));
  }
  if (order.ids.size() == order.jobs) return true;
  throw std::logic_error("the order " + order.mark + " made " + std::to_string(order.ids.size()) +
                         " jobs, not " + std::to_string(order.jobs));
}

bool cancel(bench::BlockingConnection& connection, const bench::Target& target, JobOrder& order) {
  const std::string path = std::string(trigger_root) + "/runs/" + order.ids.front() + "/cancel";
  const auto answer =
      connection.exchange(bench::request_text(target, "POST", path, {}, user_headers()), patience);
  if (!answer) return false;
  const json body = answer_to(*answer, order);
  if (body.at("status") != "CANCELED") {
    throw std::logic_error("the order " + order.mark + " was cancelled and is " + body.dump());
  }
  order.is_cancelled = true;
  return true;
}

}  // namespace

bool place(bench::BlockingConnection& connection, const bench::Target& target, JobOrder& order) {
  if (order.ids.empty() && !place_jobs(connection, target, order)) return false;
  return order.is_settled() || cancel(connection, target, order);
}

JobClient::JobClient(bench::Target target, JobWorld& world, std::uint64_t seed, std::string name)
    : target_(std::move(target)),
      world_(world),
      random_(seed),
      name_(std::move(name)),
      connection_(target_.port) {}

void JobClient::run() {
  for (int i = 0; i < orders_of_a_life; ++i) {
    orders_.push_back(next_order());
    if (!place(connection_, target_, orders_.back())) return;
  }
}

JobOrder JobClient::next_order() {
  JobOrder order{.mark = name_ + "-" + std::to_string(++next_)};
  const int kind = chance(0, 99);
  if (kind < 15) return batch(std::move(order));
  if (kind < 30) return shared(std::move(order));
  order.cancels = kind < 40;
  return single(std::move(order));
}

// What an agent is asked. Now and then its model calls a tool, one with an effect where it can.
std::string JobClient::turn_text(const std::string& mark) {
  const std::string tokens = std::to_string(chance(1, 20));
  const int tool = chance(0, 5);
  if (world_.stub_provider) {
    return std::string(tool == 0 ? "tool=calculator " : "") + "tokens=" + tokens +
           " pace_us=" + std::to_string(chance(0, 3) * 500);
  }
  const std::string rest = "/tokens " + tokens + "\n/slow " + std::to_string(chance(0, 2));
  if (tool == 0) return "/tool calculator {\"expression\":\"6*7\"}\n" + rest;
  if (tool > 1) return rest;
  return "/tool shell " + json{{"command", note_command(world_, mark)}}.dump() + "\n" + rest;
}

json JobClient::payload_of(const std::string& task, const std::string& mark) {
  if (task != "note") return {{"text", turn_text(mark)}};
  return {{"command",
           chance(0, 3) == 0 ? second_try_command(world_, mark) : note_command(world_, mark)}};
}

// Some queues run few at once.
json JobClient::options_of(const std::string& task, const std::string& mark) {
  json out = {{"tags", json::array({mark})}};
  if (task == "note") out["queue"] = {{"name", "notes"}, {"concurrencyLimit", 3}};
  if (task == "turn" && chance(0, 2) == 0) {
    out["queue"] = {{"name", "narrow"}, {"concurrencyLimit", 2}};
  }
  return out;
}

JobOrder JobClient::single(JobOrder order) {
  constexpr std::array tasks{"turn", "turn", "brittle", "note"};
  const std::string task = tasks.at(static_cast<std::size_t>(chance(0, 3)));
  json options = options_of(task, order.mark);
  if (order.cancels) options["delay"] = "1h";
  if (!order.cancels && chance(0, 5) == 0) options["delay"] = "1s";
  if (chance(0, 1) == 0) {
    order.request_key = order.mark;
  } else {
    options["idempotencyKey"] = order.mark;
  }
  order.path = std::string(trigger_root) + "/tasks/" + task + "/trigger";
  order.body = json{{"payload", payload_of(task, order.mark)}, {"options", options}}.dump();
  return order;
}

JobOrder JobClient::batch(JobOrder order) {
  const std::string task = chance(0, 2) == 0 ? "note" : "turn";
  order.is_batch = true;
  order.jobs = static_cast<std::size_t>(chance(2, 6));
  json payloads = json::array();
  for (std::size_t i = 0; i < order.jobs; ++i) {
    payloads.push_back(payload_of(task, order.mark + "-" + std::to_string(i)));
  }
  json options = options_of(task, order.mark);
  options["idempotencyKey"] = order.mark;
  order.path = std::string(trigger_root) + "/batches/" + task;
  order.body = json{{"payloads", payloads}, {"options", options}}.dump();
  return order;
}

// Two clients place it at about the same time.
JobOrder JobClient::shared(JobOrder order) {
  order.shared_key =
      "life" + std::to_string(world_.life) + "-shared-" + std::to_string(world_.shared++ / 2);
  const json options = {{"tags", json::array({order.mark})}, {"idempotencyKey", order.shared_key}};
  order.path = std::string(trigger_root) + "/tasks/turn/trigger";
  order.body = json{{"payload", payload_of("turn", order.shared_key)}, {"options", options}}.dump();
  return order;
}

}  // namespace colonnade::kill
