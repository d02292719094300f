// What most files include anyway, parsed once. Every file still includes what it uses.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// What most files would have the compiler make of JSON's templates, made once. Never called.
namespace colonnade::precompiled {

inline bool same(const nlohmann::json& a, const nlohmann::json& b) { return a == b; }
inline nlohmann::json copy(const nlohmann::json& a) { return nlohmann::json(a); }

}  // namespace colonnade::precompiled
