#include "app/local_budgets.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app/operator_client.hpp"
#include "app/wiring_store.hpp"
#include "base/clock.hpp"
#include "base/lane.hpp"
#include "core/access/operators.hpp"
#include "core/budgets/budgets.hpp"
#include "core/events/event_feed.hpp"
#include "core/models/prices.hpp"
#include "dialects/operator/budget_wire.hpp"
#include "dialects/webhook_url.hpp"

namespace colonnade::app {
namespace {

namespace wire = dialects::operators;
using base::fail;

base::Result<core::Principal> operator_of_scope(const std::string& scope) {
  if (scope.empty()) return core::system_operator();
  return core::looking_at(core::system_operator(), scope);
}

base::Result<base::Json> json_of(const base::Result<core::BudgetCap>& cap) {
  if (!cap) return fail(cap.error());
  return base::parse_json(wire::encode_budget(*cap), "budget");
}

core::BudgetOptions stored_budget_options(const Settings& settings) {
  const BudgetSettings& s = settings.budgets;
  core::BudgetOptions out;
  if (s.webhook_secret.empty() && s.webhook_secret_file.empty()) {
    out.no_webhooks_because = "there is nothing to sign its calls with; set budgets.webhook_secret";
  }
  return out;
}

// The store's own, for as long as this object holds its lock.
class StoreBudgets final : public LocalBudgets {
 public:
  StoreBudgets(std::unique_ptr<storage::Store> store, const Settings& settings)
      : private_hosts_(settings.tools.private_hosts),
        lanes_(1),
        store_(std::move(store)),
        stores_(store_->stores()),
        feed_(lanes_, stores_.events, stores_.journal),
        budgets_(stores_.budgets, feed_, prices_, clock_, stored_budget_options(settings)) {}
  ~StoreBudgets() override {
    store_->close();
    lanes_.stop();
  }

  base::Result<base::Json> list(const std::string& scope) override {
    const auto who = operator_of_scope(scope);
    if (!who) return fail(who.error());
    const auto caps = base::run_on(lanes_[0], budgets_.list(*who));
    if (!caps) return fail(caps.error());
    return base::parse_json(wire::encode_budgets(*caps), "budgets");
  }
  base::Result<base::Json> show(const std::string& scope, const std::string& id,
                                const std::string& user) override {
    const auto who = operator_of_scope(scope);
    if (!who) return fail(who.error());
    const auto found = base::run_on(lanes_[0], budgets_.standing(*who, id, user));
    if (!found) return fail(found.error());
    return base::parse_json(wire::encode_standing(*found, clock_.now()), "budget");
  }
  base::Result<base::Json> set(const std::string& scope, const std::string& body) override {
    const auto who = operator_of_scope(scope);
    if (!who) return fail(who.error());
    auto input = wire::decode_budget(body);
    if (!input) return fail(input.error());
    if (input->webhook_url && !input->webhook_url->empty()) {
      auto url = dialects::check_webhook_url(*input->webhook_url, private_hosts_, "webhook_url");
      if (!url) return fail(url.error());
      input->webhook_url = std::move(*url);
    }
    const auto stored = base::run_on(lanes_[0], budgets_.put(*who, std::move(*input)));
    if (!stored) return fail(stored.error());
    return json_of(stored->cap);
  }
  base::Result<void> remove(const std::string& scope, const std::string& id) override {
    const auto who = operator_of_scope(scope);
    if (!who) return fail(who.error());
    return base::run_on(lanes_[0], budgets_.remove(*who, id));
  }
  base::Result<base::Json> lift(const std::string& scope, const std::string& id,
                                std::int64_t minutes) override {
    const auto who = operator_of_scope(scope);
    if (!who) return fail(who.error());
    const auto whole = wire::decode_override(R"({"minutes":)" + std::to_string(minutes) + "}");
    if (!whole) return fail(whole.error());
    return json_of(base::run_on(lanes_[0], budgets_.lift(*who, id, *whole)));
  }

 private:
  const std::vector<std::string> private_hosts_;
  base::SystemClock clock_;
  base::Lanes lanes_;
  std::unique_ptr<storage::Store> store_;
  core::Stores stores_;
  core::EventFeed feed_;
  core::Prices prices_;  // nothing is asked of a model here
  core::Budgets budgets_;
};

// The running server's, through its operator routes.
class ServerBudgets final : public LocalBudgets {
 public:
  explicit ServerBudgets(OperatorClient client) : client_(std::move(client)) {}

  base::Result<base::Json> list(const std::string& scope) override {
    return client_.call("GET", "/operator/budgets", in_scope(scope), "");
  }
  base::Result<base::Json> show(const std::string& scope, const std::string& id,
                                const std::string& user) override {
    std::string query = in_scope(scope);
    if (!user.empty()) query += (query.empty() ? "?user=" : "&user=") + url_escaped(user);
    return client_.call("GET", path_of(id), query, "");
  }
  base::Result<base::Json> set(const std::string& scope, const std::string& body) override {
    return client_.call("POST", "/operator/budgets", in_scope(scope), body);
  }
  base::Result<void> remove(const std::string& scope, const std::string& id) override {
    const auto answer = client_.call("DELETE", path_of(id), in_scope(scope), "");
    if (!answer) return fail(answer.error());
    return {};
  }
  base::Result<base::Json> lift(const std::string& scope, const std::string& id,
                                std::int64_t minutes) override {
    return client_.call("POST", path_of(id) + "/override", in_scope(scope),
                        R"({"minutes":)" + std::to_string(minutes) + "}");
  }

 private:
  static std::string in_scope(const std::string& scope) {
    return scope.empty() ? "" : "?scope=" + url_escaped(scope);
  }
  static std::string path_of(const std::string& id) {
    return "/operator/budgets/" + url_escaped(id);
  }

  OperatorClient client_;
};

}  // namespace

base::Result<std::unique_ptr<LocalBudgets>> open_local_budgets(const Settings& settings) {
  auto server = OperatorClient::of_running_server(settings);
  if (!server) return fail(server.error());
  if (*server) return std::make_unique<ServerBudgets>(std::move(**server));
  if (const auto there = check_store_exists(settings); !there) return fail(there.error());
  auto store = open_store(settings, OlderSchema::migrate);
  if (!store) return fail(store.error());
  return std::make_unique<StoreBudgets>(std::move(*store), settings);
}

}  // namespace colonnade::app
