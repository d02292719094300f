#include "core/access/pairings.hpp"

#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "core/access/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t code_digits = 6;
constexpr std::size_t codes_max = 100'000;  // a tenth of all codes: guessing stays hopeless
constexpr std::string_view unnamed = "Unnamed device";
using Watcher = std::shared_ptr<base::Completion<Result<Credential>>>;

}  // namespace

struct Pairings::State {
  struct Pending {
    Principal issuer{};
    base::SteadyTime expires_at{};
    bool claimed = false;
    std::optional<Credential> device{};  // once its token is stored
    std::vector<Watcher> watchers{};
  };
  struct Window {  // fixed, per address
    base::SteadyTime began{};
    int attempts = 0;
  };

  std::mutex mutex;
  std::map<std::string, Pending> codes;
  std::unordered_map<std::string, Window> windows;
  base::SteadyTime swept_at{};

  // Expired codes and old windows go away now and then, at whatever call comes next.
  void sweep(base::SteadyTime now) {
    if (now - swept_at < limits::pairing_sweep_interval) return;
    swept_at = now;
    std::erase_if(codes, [&](const auto& entry) {
      return now - entry.second.expires_at > limits::pairing_sweep_interval;
    });
    std::erase_if(windows, [&](const auto& entry) {
      return now - entry.second.began >= limits::pairing_window;
    });
  }

  Result<void> count_attempt(const std::string& address, base::SteadyTime now) {
    Window& window = windows[address];
    if (window.attempts == 0 || now - window.began >= limits::pairing_window) {
      window = {.began = now, .attempts = 0};
    }
    if (window.attempts < limits::pairing_claims_max) {
      ++window.attempts;
      return {};
    }
    const auto left = window.began + limits::pairing_window - now;
    return fail(base::Error{.kind = ErrorKind::rate_limited,
                            .message = "too many pairing attempts",
                            .field = {},
                            .retry_after = std::chrono::ceil<std::chrono::seconds>(left),
                            .retryable = false});
  }
};

Pairings::Pairings(Credentials& credentials, base::Clock& clock)
    : credentials_(credentials), clock_(clock), state_(std::make_shared<State>()) {}

Pairings::~Pairings() = default;

Result<PairingCode> Pairings::start(const Principal& who) {
  const base::SteadyTime now = clock_.steady();
  const std::lock_guard lock(state_->mutex);
  state_->sweep(now);
  if (state_->codes.size() >= codes_max) {
    return fail(ErrorKind::unavailable, "too many pairing codes are open; try again in a minute");
  }
  PairingCode out{.code = {}, .expires_at = clock_.now() + limits::pairing_code_time};
  do {
    out.code = base::random_digits(code_digits);
  } while (state_->codes.contains(out.code));
  state_->codes[out.code] = {.issuer = who, .expires_at = now + limits::pairing_code_time};
  return out;
}

Task<Result<MintedToken>> Pairings::claim(std::string code, std::string device_name,
                                          std::string address) {
  Principal issuer;
  {
    const base::SteadyTime now = clock_.steady();
    const std::lock_guard lock(state_->mutex);
    if (auto allowed = state_->count_attempt(address, now); !allowed) {
      co_return fail(std::move(allowed.error()));
    }
    state_->sweep(now);
    // The order of these checks is the contract's (fathom §5.3).
    const auto found = state_->codes.find(code);
    if (found == state_->codes.end()) co_return fail(ErrorKind::not_found, "invalid pairing code");
    if (now >= found->second.expires_at) co_return fail(ErrorKind::gone, "pairing code expired");
    if (found->second.claimed) co_return fail(ErrorKind::conflict, "code already claimed");
    found->second.claimed = true;  // whoever comes now is too late, also while the token is stored
    issuer = found->second.issuer;
  }
  if (device_name.empty()) device_name = unnamed;
  auto minted = co_await credentials_.mint(issuer.scope, CredentialKind::device, issuer.user_id,
                                           std::move(device_name), issuer.user_id);
  std::vector<Watcher> watchers;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->codes.find(code);
    if (found != state_->codes.end()) {
      if (minted) {
        found->second.device = minted->credential;
        watchers.swap(found->second.watchers);
      } else {
        found->second.claimed = false;  // nothing came of it: the code may be tried again
      }
    }
  }
  for (const Watcher& watcher : watchers) watcher->complete(minted->credential);
  co_return minted;
}

Task<Result<Credential>> Pairings::watch(Principal who, std::string code, std::stop_token stop) {
  auto watcher = std::make_shared<base::Completion<Result<Credential>>>();
  base::SteadyTime expires_at;
  {
    const base::SteadyTime now = clock_.steady();
    const std::lock_guard lock(state_->mutex);
    state_->sweep(now);
    const auto found = state_->codes.find(code);
    if (found == state_->codes.end() || found->second.issuer.user_id != who.user_id ||
        found->second.issuer.scope != who.scope) {
      co_return fail(ErrorKind::not_found, "invalid pairing code");
    }
    if (found->second.device) co_return *found->second.device;
    if (now >= found->second.expires_at && !found->second.claimed) {
      co_return fail(ErrorKind::gone, "pairing code expired");
    }
    expires_at = found->second.expires_at;
    found->second.watchers.push_back(watcher);
  }
  // Whichever comes first: the claim, the client's leaving, the end of the code, the longest wait.
  auto over = std::make_shared<std::stop_source>();
  const auto end_wait = [over] { over->request_stop(); };
  const std::stop_callback client_left(stop, end_wait);
  const auto until_expiry =
      std::max(std::chrono::ceil<std::chrono::microseconds>(expires_at - clock_.steady()), 0us);
  auto patience = std::min<std::chrono::microseconds>(until_expiry, limits::pairing_watch_time_max);
  auto timed_out = std::make_shared<std::atomic<bool>>(false);
  auto ring = [over, timed_out] {
    timed_out->store(true);
    over->request_stop();
  };
  auto alarm = co_await base::call_after(patience, std::move(ring));
  auto outcome = co_await watcher->wait(over->get_token());
  alarm.reset();
  if (outcome) co_return std::move(*outcome);
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->codes.find(code);
    if (found != state_->codes.end()) std::erase(found->second.watchers, watcher);
  }
  if (!timed_out->load()) co_return fail(ErrorKind::cancelled, "the client left");
  if (clock_.steady() >= expires_at) co_return fail(ErrorKind::gone, "pairing code expired");
  co_return fail(ErrorKind::timeout, "no claim yet");
}

}  // namespace colonnade::core
