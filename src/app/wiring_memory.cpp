#include "app/wiring_memory.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "providers/embeddings/basic_words.hpp"
#include "providers/embeddings/endpoint.hpp"

namespace colonnade::app {
namespace {

namespace embeddings = providers::embeddings;
constexpr const char* word_vectors_name = "word_vectors.bin";

// Beside the program; in the share folder of a build; in that of an installation.
std::vector<std::string> word_vector_places(const Settings& settings) {
  if (!settings.memory.word_vectors_file.empty()) return {settings.memory.word_vectors_file};
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto folder = program.parent_path();
  const auto shared = std::filesystem::path("share/colonnade") / word_vectors_name;
  return {folder / word_vectors_name, folder / shared, folder.parent_path() / shared};
}

std::unique_ptr<core::Embedder> find_word_vectors(const Settings& settings) {
  for (const std::string& place : word_vector_places(settings)) {
    auto table = embeddings::WordTable::open(place);
    if (table) {
      base::log::info("memory_search",
                      {{"method", "words and basic word vectors"}, {"file", place}});
      return embeddings::basic_words(std::move(*table));
    }
    const bool is_absent = table.error().kind == base::ErrorKind::not_found;
    if (!is_absent || !settings.memory.word_vectors_file.empty()) {
      base::log::warn("word_vectors_unusable", {{"file", place}, {"error", table.error().message}});
    }
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<core::Embedder> make_embedder(const Settings& settings, net::HttpClient& http) {
  if (!settings.memory.embeddings.url.empty()) {
    base::log::info("memory_search", {{"method", "words and embeddings"},
                                      {"model", settings.memory.embeddings.model}});
    return embeddings::endpoint({.base_url = settings.memory.embeddings.url,
                                 .model = settings.memory.embeddings.model,
                                 .api_key = settings.memory.embeddings.api_key,
                                 .dimensions = settings.memory.embeddings.dimensions},
                                http);
  }
  if (settings.memory.word_vectors) {
    if (auto words = find_word_vectors(settings)) return words;
  }
  base::log::info("memory_search", {{"method", "words alone"}});
  return nullptr;
}

}  // namespace colonnade::app
