// What can be done with capabilities. Everybody in the scope may ask; bindings are set by an
// operator, for the scope.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/capabilities/capability.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/governance/user_calls.hpp"

namespace colonnade::core {

// Whether work that needs something can run.
struct CapabilityReadiness {
  CapabilityResolution resolution{};
  bool runnable = false;
  std::vector<std::string> blocked_by{};  // capability ids
};

struct CapabilityPorts {
  DocumentStore& store;
  EventFeed& feed;
  UserCalls& user_calls;
  const Notices& notices;
  base::Clock& clock;
};

// Thread-safe.
class Capabilities {
 public:
  explicit Capabilities(CapabilityPorts ports) : ports_(ports), made_at_(ports.clock.now()) {}

  // With the built-in ones merged in.
  base::Task<Result<CapabilityBindings>> bindings(Principal who) const;
  // Those that are the program's own come back with the next read, so that they need not be sent.
  // Errors: forbidden for whoever is no operator; invalid with the field ("bindings", or its
  // member); too_large; conflict while others change them all the time.
  base::Task<Result<void>> set_bindings(Principal who, CapabilityBindings bindings);
  // The tools that the caller may call: the server's own and those of MCP servers that are
  // connected, under the names that clients know, by provider and name.
  base::Task<Result<std::vector<CapabilityTool>>> discover(Principal who,
                                                           std::stop_token stop) const;
  // Errors: too_large beyond limits::capabilities_wanted_max and capability_tools_max.
  base::Task<Result<CapabilityResolution>> resolve(Principal who, CapabilityQuestion question,
                                                   std::stop_token stop) const;
  // The same, and whether that is enough: nothing required is missing, or, with `allow_unbound`,
  // only what nothing is bound to. Whoever follows events is told.
  base::Task<Result<CapabilityReadiness>> readiness(Principal who, CapabilityQuestion question,
                                                    std::stop_token stop) const;

 private:
  CapabilityPorts ports_;
  base::Time made_at_;
};

}  // namespace colonnade::core
