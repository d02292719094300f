#include "core/spans/span_retention.hpp"

#include <utility>

#include "base/log.hpp"
#include "core/access/scope.hpp"
#include "core/spans/limits.hpp"

namespace colonnade::core {

using base::Task;

Task<void> SpanRetention::forget_old() {
  const base::Time before = clock_.now() - kept_;
  for (;;) {
    const auto any = co_await store_.any_spans_before(before);
    if (!any || !*any) co_return;
    Unit unit{.scope = Scope::whole_server()};
    unit.changes.emplace_back(ForgetSpans{.began_before = before});
    auto stored = co_await feed_.commit(std::move(unit));
    if (!stored) {
      base::log::warn("spans_not_forgotten", {{"error", stored.error().message}});
      co_return;
    }
  }
}

Task<void> SpanRetention::keep(std::stop_token stop) {
  for (;;) {
    co_await forget_old();
    const bool passed = co_await base::sleep_for(limits::spans_forgetting_interval, stop);
    if (!passed) co_return;
  }
}

}  // namespace colonnade::core
