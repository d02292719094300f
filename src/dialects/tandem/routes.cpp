#include "dialects/tandem/routes.hpp"

#include <utility>

#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/pending.hpp"

namespace colonnade::dialects::tandem {

Dialect::Dialect(Dependencies deps, Options options)
    : answer_once_(deps.keyed_requests),
      callers_(deps.credentials, answer_once_, std::move(options.callers)),
      notices_(deps.clock),
      health_({.callers = callers_,
               .runs = deps.runs,
               .clock = deps.clock,
               .version = std::move(options.version),
               .started_at = options.started_at}),
      tools_(deps.user_calls, answer_once_),
      skills_(deps.skills),
      files_(deps.attachments, deps.directories, deps.workers),
      streams_({.threads = deps.threads,
                .runs = deps.runs,
                .subscriptions = deps.subscriptions,
                .notices = notices_,
                .clock = deps.clock,
                .keepalive_interval = options.keepalive_interval}),
      sessions_({.threads = deps.threads,
                 .runs = deps.runs,
                 .directories = deps.directories,
                 .answer_once = answer_once_,
                 .notices = notices_}),
      prompts_({.agents = deps.agents,
                .threads = deps.threads,
                .runs = deps.runs,
                .files = files_,
                .answer_once = answer_once_,
                .notices = notices_,
                .streams = streams_,
                .clock = deps.clock}),
      permissions_(deps.actions, deps.permissions),
      questions_(deps.actions, deps.runs),
      summaries_(deps.threads, deps.runs, deps.erasure),
      file_changes_(deps.threads, deps.snapshots, answer_once_),
      services_(deps.services, answer_once_) {}

void Dialect::follow(core::Notices& notices) {
  notices.listen([this](const core::Notice& notice) { notices_.tell(notice); });
}

// One line for each resource: add(mcp_routes(callers_, mcp_)). Rows that are served go out of
// pending.cpp; the router refuses two of the same method and pattern.
std::vector<net::Route> Dialect::routes() {
  std::vector<net::Route> out = {
      {net::Method::get, "/global/health", open_to_all(health_, &HealthResource::health)},
  };
  const auto add = [&out](std::vector<net::Route> rows) {
    for (net::Route& each : rows) out.push_back(std::move(each));
  };
  add(tools_routes(callers_, tools_));
  add(skills_routes(callers_, skills_));
  add(session_routes(callers_, sessions_));
  add(prompt_routes(callers_, prompts_));
  add(stream_routes(callers_, streams_));
  add(permission_routes(callers_, permissions_, questions_));
  add(summary_routes(callers_, summaries_));
  add(file_change_routes(callers_, file_changes_));
  add(services_.routes(callers_));
  add(pending_routes(callers_));
  return out;
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  for (net::ErrorEncoder& error_encoder : error_encoders()) router.add(std::move(error_encoder));
}

}  // namespace colonnade::dialects::tandem
