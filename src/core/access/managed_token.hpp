// One token that an operator sets, replaces and takes away over the wire, besides the tokens that
// commands make (core/access/tokens.hpp). It never stands for another one, and its absence lets
// nobody in.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/principal.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

// Thread-safe. Forbidden for whoever is no operator of every scope.
class ManagedToken {
 public:
  // All must outlive it.
  ManagedToken(Credentials& credentials, DocumentStore& store, EventFeed& feed, base::Clock& clock)
      : credentials_(credentials), store_(store), feed_(feed), clock_(clock) {}

  // Once, at the start: takes away what a replacement that was cut short has left.
  base::Task<Result<void>> open();

  // From now on `token` lets in whoever has it as `who`; the one before does not, and what it holds
  // open ends, on `lane` when that is this request itself. Stored as a hash. Errors: invalid with
  // the field "token" for fewer than limits::managed_token_bytes_min or more than _max visible
  // characters; conflict when it is somebody's token already.
  base::Task<Result<void>> set(base::Lane* lane, Principal who, std::string token);
  // Whether there was one.
  base::Task<Result<bool>> remove(base::Lane* lane, Principal who);

 private:
  // What is kept of it.
  struct Kept {
    std::string id{};      // of the credential; "" for none
    std::string scope{};   // where that counts
    std::string ending{};  // a credential that is to be revoked, and its scope
    std::string ending_scope{};
    std::int64_t revision = 0;
  };
  base::Task<Result<Kept>> kept() const;
  base::Task<Result<void>> keep(Principal who, Kept kept);
  base::Task<Result<void>> end(std::string actor, std::string scope, std::string id);
  static base::Task<void> end_later(ManagedToken* self, std::string actor, std::string scope,
                                    std::string id);
  base::Task<Result<void>> end_for(base::Lane* lane, Principal who, Kept before);

  Credentials& credentials_;
  DocumentStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
};

}  // namespace colonnade::core
