#include "core/access/pairings.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "base/share.hpp"
#include "core/access/account.hpp"
#include "core/access/limits.hpp"
#include "core/access/visibility.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t code_digits = 6;
constexpr base::ShareBounds code_bounds{.what = "open pairing codes",
                                        .per_account = limits::pairing_codes_per_account,
                                        .total = limits::pairing_codes_max,
                                        .retry_after = limits::pairing_code_time};
constexpr base::ShareBounds watcher_bounds{.what = "waits for a pairing code",
                                           .per_account = limits::pairing_watchers_per_account,
                                           .total = limits::pairing_watchers_max,
                                           .retry_after = std::chrono::seconds(5)};
constexpr std::string_view stopping_text =
    "the server is stopping; its pairing codes end with it, ask for a new one";
constexpr std::string_view unnamed = "Unnamed device";
using Watcher = std::shared_ptr<base::Completion<Result<Credential>>>;

}  // namespace

struct Pairings::State {
  struct Pending {
    Principal issuer;
    base::Share::Hold place{};  // until it is claimed or expires
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
  std::deque<std::pair<base::SteadyTime, std::string>> by_expiry;  // all live equally long
  base::Share open_codes{code_bounds};
  base::Share watching{watcher_bounds};
  base::SteadyTime swept_at{};
  bool stopping = false;

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

  // What has expired is kept for a while, to say so, but takes no place.
  void free_expired(base::SteadyTime now) {
    for (; !by_expiry.empty() && by_expiry.front().first <= now; by_expiry.pop_front()) {
      const auto found = codes.find(by_expiry.front().second);
      if (found != codes.end() && found->second.expires_at <= now) found->second.place.release();
    }
  }

  Result<void> count_attempt(const std::string& address, base::SteadyTime now) {
    if (windows.size() >= limits::pairing_addresses_max && !windows.contains(address)) {
      return fail(base::Error{.kind = ErrorKind::unavailable,
                              .message = "too many addresses try to pair; try again in a minute",
                              .field = {},
                              .retry_after = limits::pairing_window,
                              .retryable = false});
    }
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
  state_->free_expired(now);
  auto place = state_->open_codes.take(account_of(who));
  if (!place) return fail(std::move(place.error()));
  PairingCode out{.code = {}, .expires_at = clock_.now() + limits::pairing_code_time};
  do {
    out.code = base::random_digits(code_digits);
  } while (state_->codes.contains(out.code));
  const base::SteadyTime expires_at = now + limits::pairing_code_time;
  state_->codes.insert_or_assign(
      out.code,
      State::Pending{.issuer = who, .place = std::move(*place), .expires_at = expires_at});
  state_->by_expiry.emplace_back(expires_at, out.code);
  return out;
}

Task<Result<CreatedToken>> Pairings::claim(std::string code, std::string device_name,
                                           std::string address) {
  std::optional<Principal> issuer;
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
  // Whoever issued the code, a device is no operator: it may be lost.
  const UserRole role = issuer->is_operator() ? UserRole::member : issuer->role;
  // A code is worth no more than the credential that asked for it.
  CredentialIssuer by{.actor = issuer->user_id, .credential_id = issuer->credential_id};
  auto created =
      co_await credentials_.create(Principal(issuer->scope, issuer->user_id, role),
                                   CredentialKind::device, std::move(device_name), std::move(by));
  std::vector<Watcher> watchers;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->codes.find(code);
    if (found != state_->codes.end()) {
      if (created) {
        found->second.device = created->credential;
        found->second.place.release();
        watchers.swap(found->second.watchers);
      } else {
        found->second.claimed = false;  // nothing came of it: the code may be tried again
      }
    }
  }
  for (const Watcher& watcher : watchers) watcher->complete(created->credential);
  if (!created && created.error().kind == ErrorKind::unauthorized) {
    co_return fail(ErrorKind::not_found, "invalid pairing code");
  }
  co_return created;
}

void Pairings::stop() {
  std::vector<Watcher> watchers;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (auto& [code, pending] : state_->codes) {
      watchers.insert(watchers.end(), pending.watchers.begin(), pending.watchers.end());
      pending.watchers.clear();
    }
  }
  for (const Watcher& watcher : watchers) {
    watcher->complete(fail(ErrorKind::unavailable, std::string(stopping_text)));
  }
}

Task<Result<Credential>> Pairings::watch(Principal who, std::string code, std::stop_token stop) {
  auto watcher = std::make_shared<base::Completion<Result<Credential>>>();
  base::Share::Hold place;  // until this returns
  base::SteadyTime expires_at;
  {
    const base::SteadyTime now = clock_.steady();
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) co_return fail(ErrorKind::unavailable, std::string(stopping_text));
    state_->sweep(now);
    const auto found = state_->codes.find(code);
    if (found == state_->codes.end() ||
        !may_see(who, found->second.issuer.scope, found->second.issuer.user_id)) {
      co_return fail(ErrorKind::not_found, "invalid pairing code");
    }
    if (found->second.device) co_return *found->second.device;
    if (now >= found->second.expires_at && !found->second.claimed) {
      co_return fail(ErrorKind::gone, "pairing code expired");
    }
    auto taken = state_->watching.take(account_of(who));
    if (!taken) co_return fail(std::move(taken.error()));
    place = std::move(*taken);
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
