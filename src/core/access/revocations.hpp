// What a credential holds open (streams, waits, sessions), so that it ends when the credential is
// revoked.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/lane.hpp"

namespace colonnade::core {

// Thread-safe. Watches may outlive it; the lanes they name must outlive both.
class Revocations {
  struct State;

 public:
  // One open thing. Nothing is called for it once it is destroyed, but for what was posted to its
  // lane before: `end` must own, or look for, what it uses.
  class Watch {
   public:
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    friend class Revocations;
    using Open = std::pair<const std::string, std::list<Watch*>>;
    Watch(std::shared_ptr<State> state, std::string credential_id, base::Lane& lane,
          std::move_only_function<void()> end);

    std::shared_ptr<State> state_;
    base::Lane& lane_;
    std::move_only_function<void()> end_;
    Open* open_ = nullptr;  // of the credential, with its id
    std::list<Watch*>::iterator place_{};
  };

  Revocations();
  ~Revocations();

  // Posts `end` to `lane`, once, when revoke() is called for the credential.
  std::unique_ptr<Watch> watch(std::string credential_id, base::Lane& lane,
                               std::move_only_function<void()> end);
  // Ends all that the credential holds open just now.
  void revoke(const std::string& credential_id);
  // How many things are open.
  std::size_t count() const;

 private:
  struct State {
    std::mutex mutex;
    std::unordered_map<std::string, std::list<Watch*>> by_credential;
    std::size_t count = 0;
  };
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
