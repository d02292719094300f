#include "dialects/tandem/pending.hpp"

#include <string>
#include <utility>

#include "dialects/tandem/errors.hpp"

namespace colonnade::dialects::tandem {
namespace {

struct PendingRoute {
  net::Method method;
  const char* pattern;
};

using enum net::Method;

constexpr PendingRoute not_served_yet[] = {
    // Skills.
    {post, "/skills/import"},
    {post, "/skills/import/preview"},

    // Workflow plans and workflows.
    {post, "/workflow-plans/preview"},
    {post, "/workflow-plans/apply"},
    {post, "/workflow-plans/chat/start"},
    {post, "/workflow-plans/chat/message"},
    {post, "/workflow-plans/chat/reset"},
    {post, "/workflow-plans/sessions"},
    {get, "/workflow-plans/sessions/{id}"},
    {post, "/workflow-plans/sessions/{id}/start-async"},
    {post, "/workflow-plans/sessions/{id}/message-async"},
    {post, "/workflow-plans/sessions/{id}/reset"},
    {get, "/workflow-plans/{id}"},
    {get, "/workflows"},
    {get, "/workflows/events"},
    {get, "/workflows/runs"},
    {get, "/workflows/runs/{run}"},
    {get, "/workflows/{id}"},
    {get, "/workflow-hooks"},
    {patch, "/workflow-hooks/{id}"},

    // Agent teams, missions.
    {get, "/agent-team/templates"},
    {post, "/agent-team/templates"},
    {patch, "/agent-team/templates/{id}"},
    {del, "/agent-team/templates/{id}"},
    {get, "/agent-team/instances"},
    {get, "/agent-team/missions"},
    {get, "/agent-team/approvals"},
    {post, "/agent-team/spawn"},
    {post, "/agent-team/approvals/spawn/{id}/approve"},
    {post, "/agent-team/approvals/spawn/{id}/deny"},
    {post, "/agent-team/instance/{id}/cancel"},
    {post, "/agent-team/mission/{id}/cancel"},
    {get, "/mission"},
    {post, "/mission"},
    {get, "/mission/{id}"},
    {post, "/mission/{id}/event"},

    // Channels.
    {get, "/channels/config"},
    {get, "/channels/status"},
    {put, "/channels/{channel}"},
    {del, "/channels/{channel}"},
    {post, "/channels/{channel}/verify"},
    {get, "/channels/{channel}/tool-preferences"},
    {put, "/channels/{channel}/tool-preferences"},

    // Of npm's client only (tandem §5). Those with more segments are unknown paths.
    {get, "/skills/catalog"},
    {post, "/skills/validate"},
    {post, "/skills/compile"},
    {post, "/skills/generate"},

    // Never served: no browser of the server's own, no coder.
    {get, "/browser/status"},
    {post, "/browser/install"},
    {post, "/browser/smoke-test"},
    {get, "/config/bug-monitor"},
    {patch, "/config/bug-monitor"},
};

base::Task<net::Reply> answer_pending(core::Principal /*who*/, RequestPtr request) {
  co_return error_response(501, "this server does not serve " + request->path + " yet",
                           "NOT_IMPLEMENTED");
}

}  // namespace

std::vector<net::Route> pending_routes(const Callers& in) {
  std::vector<net::Route> out;
  for (const PendingRoute& each : not_served_yet) {
    out.push_back(row(each.method, each.pattern, in.guard(answer_pending)));
  }
  return out;
}

}  // namespace colonnade::dialects::tandem
