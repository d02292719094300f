// A memory item: what an agent keeps for an account between conversations.
//
// Items with a key are a key/value store: exact, one item a key. Items without one are remembered
// texts, found by what they are about. Both kinds are the same rows, so that a dialect can show and
// search all of them.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// Whose memory, within a scope: an account's with one agent. Nothing is read or written across.
struct MemoryHolder {
  std::string owner{};     // the account's user id
  std::string agent_id{};  // "" for the default agent
  auto operator<=>(const MemoryHolder&) const = default;
};

// What everybody in the scope has of an agent: items that their owners let everybody see.
inline MemoryHolder shared_memory(std::string agent_id) { return {"", std::move(agent_id)}; }

// How far an item is meant to carry (tandem §4.12).
enum class MemoryTier { session, project, team, curated };
std::string_view to_string(MemoryTier tier);
std::optional<MemoryTier> memory_tier_from(std::string_view text);

enum class MemoryClassification { internal, restricted };
std::string_view to_string(MemoryClassification classification);
std::optional<MemoryClassification> memory_classification_from(std::string_view text);

enum class MemoryVisibility { own, shared };
std::string_view to_string(MemoryVisibility visibility);
std::optional<MemoryVisibility> memory_visibility_from(std::string_view text);

// What an item is, as free words; these are the usual ones.
namespace memory_kind {
inline constexpr std::string_view entry = "entry";  // has a key
inline constexpr std::string_view note = "note";
inline constexpr std::string_view fact = "fact";
inline constexpr std::string_view solution_capsule = "solution_capsule";
}  // namespace memory_kind

struct MemoryItem {
  std::string id{};
  Scope scope;
  MemoryHolder holder{};
  MemoryTier tier = MemoryTier::project;
  std::string kind = std::string(memory_kind::note);
  std::string key{};  // "" for what is found by its meaning
  std::string text{};
  base::Json metadata{};  // an object, or null for none
  MemoryClassification classification = MemoryClassification::internal;
  MemoryVisibility visibility = MemoryVisibility::own;
  bool demoted = false;     // kept, but not found by searches
  std::string thread_id{};  // where it came from; "" when from nowhere
  std::string run_id{};
  base::Time created_at{};
  base::Time updated_at{};
  std::optional<base::Time> expires_at{};  // from then on it is not there
  // Whom it is about, among those whom the account serves; "" for nobody in particular.
  std::string subject{};
  std::string author{};  // who let everybody see it, a user id; "" for one's own
};

// Two texts with the same digest are the same memory: letters' case, spaces and the punctuation at
// the ends do not tell them apart. 64 hex characters.
std::string memory_digest(std::string_view text);

// The words of a text that searches go by: lower case (ASCII), no punctuation, each once, in order;
// words that say nothing about a subject ("the", "und", "para") only when nothing else is left. At
// most `words_max`.
std::vector<std::string> memory_words(std::string_view text, std::size_t words_max);

// A place in the space of one embedding model, of length 1. Places of different models have nothing
// to say about each other.
struct MemoryVector {
  std::string model{};
  std::vector<float> values{};
};

}  // namespace colonnade::core
