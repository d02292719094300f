// How the assistant calls itself and behaves in a scope, as operators set it: a JSON object that
// clients show. It changes no run by itself.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

// Thread-safe.
class Identities {
 public:
  // All must outlive it.
  Identities(DocumentStore& store, EventFeed& feed, base::Clock& clock)
      : store_(store), feed_(feed), clock_(clock) {}

  // What was set in the scope; {} at first.
  base::Task<Result<base::Json>> get(Principal who) const;
  // Merges `patch`, an object, into it (RFC 7396); null takes away. Errors: forbidden for whoever
  // is no operator, too_large beyond limits::identity_bytes_max.
  base::Task<Result<base::Json>> change(Principal who, base::Json patch);

 private:
  DocumentStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
};

}  // namespace colonnade::core
