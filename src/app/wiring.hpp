// Builds the house: the only place that names concrete classes.
//
// Construction goes from what needs nothing to what needs everything: clock, lanes and workers;
// store; event feed; use cases; price table, outbound HTTP, providers; tools and gate; turns;
// dialects and routes; listeners. Destruction goes the other way, after stop() has brought
// everything to rest: no new connections, runs parked, handlers answered, the journal written out,
// the lanes' threads joined.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "base/result.hpp"

namespace colonnade::app {

class Server {
 public:
  // Opens the store (migrating it) and builds everything. `settings` must be whole: secrets
  // resolved. Errors name the setting that would mend them; conflict when another server uses the
  // data folder.
  static base::Result<std::unique_ptr<Server>> build(Settings settings);
  // stop() first.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  struct Started {
    std::vector<std::string> urls{};  // as a client on this machine uses them; real ports
    std::string first_token{};        // made at this start; "" when tokens existed
    std::string provider{};           // asked when nobody chose one
    std::string model{};
    std::size_t recovered_runs = 0;
    bool policy_missing = false;    // policy.file does not exist: every action is denied
    bool profile_unusable = false;  // nor does policy.profile, or it is none: the same
  };
  // Takes up unfinished runs, listens, makes the first token. Call once.
  base::Result<Started> start();
  // Every route of every dialect, as Router::listing() has them.
  std::vector<std::string> routes() const;
  // Reads the policy files again, whether they changed or not. Not from a lane.
  void reload_policy();
  // Reads the keys that providers have in files again, and the certificate with its key. What
  // cannot be read stays as it was; the log says so. After start(); not from a lane.
  void reload_keys();
  // Comes to rest within the drain time, a little more at most. Idempotent; not from a lane.
  void stop();

 private:
  struct Components;
  explicit Server(std::unique_ptr<Components> components);

  std::unique_ptr<Components> components_;
};

}  // namespace colonnade::app
