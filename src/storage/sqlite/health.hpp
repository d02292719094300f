// What the disk did to the store: kept by the connections, told to whoever asks.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/events/store_health.hpp"

namespace colonnade::storage::sqlite {

// Thread-safe. Damage is final; any other state is replaced by what is reported later.
class Health {
 public:
  core::StoreHealth now() const;
  core::StoreState state() const { return state_.load(std::memory_order_acquire); }
  bool is_writable() const { return state() == core::StoreState::writable; }
  // What a unit is refused with now; nullopt while the store is writable.
  std::optional<base::Error> refusal() const;

  // Logs a change of the state.
  void report(core::StoreState state, std::string reason);
  // The store has written and synced again. No effect on damage.
  void recovered();

 private:
  std::atomic<core::StoreState> state_{core::StoreState::writable};
  mutable std::mutex mutex_;
  core::StoreHealth health_{};
};

// What an SQLite result code says of the disk.
struct Fault {
  core::StoreState state = core::StoreState::cannot_write;
  std::string reason{};  // with what mends it
};
// `code` is the extended one, `system_error` the errno of the call that failed, 0 when there is
// none. nullopt for codes that have nothing to do with the disk.
std::optional<Fault> fault_of(int code, int system_error);

}  // namespace colonnade::storage::sqlite
