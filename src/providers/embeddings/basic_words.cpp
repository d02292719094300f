#include "providers/embeddings/basic_words.hpp"

#include <cmath>
#include <cstdint>
#include <utility>

#include "core/memory/memory_item.hpp"
#include "providers/embeddings/limits.hpp"

namespace colonnade::providers::embeddings {
namespace {

constexpr std::size_t words_of_text_max = 1000;
constexpr std::size_t letters_together = 4;  // of a word that is not known
constexpr float unknown_word_weight = 0.5F;  // beside the words that the table knows

void add_scaled(std::vector<float>& sum, std::span<const std::int8_t> vector, float weight) {
  float square = 0;
  for (const std::int8_t v : vector) square += static_cast<float>(v) * static_cast<float>(v);
  if (square <= 0) return;
  const float scale = weight / std::sqrt(square);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scale * static_cast<float>(vector[i]);
}

// FNV-1a, then a stream of bits (splitmix64): the same on every machine.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  }
  return hash;
}

std::uint64_t next_bits(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

void add_direction(std::vector<float>& sum, std::string_view of, float weight) {
  std::uint64_t state = hash_of(of);
  const float step = weight / std::sqrt(static_cast<float>(sum.size()));
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    if (i % 64 == 0) bits = next_bits(state);
    sum[i] += (bits >> (i % 64) & 1U) != 0 ? step : -step;
  }
}

void add_unknown(std::vector<float>& sum, std::string_view word) {
  const std::string framed = "<" + std::string(word) + ">";
  const std::size_t parts =
      framed.size() > letters_together ? framed.size() - letters_together + 1 : 1;
  const float weight = unknown_word_weight / std::sqrt(static_cast<float>(parts));
  for (std::size_t i = 0; i < parts; ++i) {
    add_direction(sum, std::string_view(framed).substr(i, letters_together), weight);
  }
}

class BasicWords final : public core::Embedder {
 public:
  explicit BasicWords(std::unique_ptr<WordTable> table)
      : table_(std::move(table)), model_("words-basic-" + std::string(table_->checksum())) {}

  std::string_view model() const override { return model_; }
  std::size_t batch_max() const override { return limits::embedding_batch_max; }
  base::Task<base::Result<std::vector<std::vector<float>>>> embed(base::Lane*,
                                                                  std::vector<std::string> texts,
                                                                  std::stop_token) override {
    std::vector<std::vector<float>> out;
    for (const std::string& text : texts) out.push_back(place_of_text(*table_, text));
    co_return out;
  }

 private:
  std::unique_ptr<WordTable> table_;
  std::string model_;
};

}  // namespace

std::vector<float> place_of_text(const WordTable& table, std::string_view text) {
  std::vector<float> sum(table.dimensions(), 0);
  for (const std::string& word : core::memory_words(text, words_of_text_max)) {
    if (const auto row = table.find(word)) {
      add_scaled(sum, table.vector(*row), table.weight(*row));
    } else {
      add_unknown(sum, word);
    }
  }
  float square = 0;
  for (const float v : sum) square += v * v;
  if (square <= 0) return {};
  const float scale = 1 / std::sqrt(square);
  for (float& v : sum) v *= scale;
  return sum;
}

std::unique_ptr<core::Embedder> basic_words(std::unique_ptr<WordTable> table) {
  return std::make_unique<BasicWords>(std::move(table));
}

}  // namespace colonnade::providers::embeddings
