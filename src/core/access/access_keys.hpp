// The access keys of scopes: a scope that has any wants one beside every credential.
#pragma once

#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/access_key.hpp"
#include "core/access/access_key_store.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

struct NewAccessKey {
  std::string name{};
  std::vector<std::string> origins{};  // "https://app.example.org"; none: any
};

struct CreatedAccessKey {
  AccessKey key;
  std::string text{};  // the prefix and 48 hex digits; shown once
};

// Thread-safe. The errors of list(), add() and remove() are forbidden for whoever is no operator;
// they are about the scope that `who` looks at.
class AccessKeys {
 public:
  // All must outlive it. New keys begin with `prefix`, so that a reader knows what they are.
  AccessKeys(AccessKeyStore& store, EventFeed& feed, base::Clock& clock, std::string prefix);

  // Reads all of them; once, before anything else.
  base::Task<Result<void>> open();
  // Whether a request of that scope may go on: when the scope has no keys, or `key` is one of them
  // and `origin` ("" for none) is one of the key's, where it has any.
  bool counts(const Scope& scope, std::string_view key, std::string_view origin) const;

  base::Task<Result<std::vector<AccessKey>>> list(Principal who) const;
  // invalid with the field "name" or "origins"; conflict when the scope has
  // limits::access_keys_per_scope.
  base::Task<Result<CreatedAccessKey>> add(Principal who, NewAccessKey input);
  // not_found. Requests with it are refused from now on, or asked for no key when it was the last.
  base::Task<Result<void>> remove(Principal who, std::string id);

 private:
  AccessKeyStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  std::string prefix_;
  mutable std::shared_mutex mutex_;
  std::map<Scope, std::vector<AccessKey>> by_scope_;  // oldest first
};

}  // namespace colonnade::core
