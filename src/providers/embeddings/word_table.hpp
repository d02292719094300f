// The file of word vectors: words, how much each says, and where it lies. Written by
// word_vectors_trainer at build time, mapped into memory by the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace colonnade::providers::embeddings {

// Little-endian, packed in this order: header; word_count + 1 offsets into the texts; word_count
// row numbers; row_count weights; the texts, sorted by bytes; row_count * dimensions signed bytes.
struct WordTableHeader {
  char magic[8] = {'c', 'l', 'n', 'w', 'o', 'r', 'd', '1'};
  std::uint32_t word_count = 0;
  std::uint32_t row_count = 0;  // several forms of a word share one
  std::uint32_t dimensions = 0;
  std::uint32_t text_bytes = 0;
  char checksum[16] = {};  // hex, of all that follows; part of the model's name
};

// What `word` may be a form of, itself first: endings of English taken off ("plants", "planted" →
// "plant"). Lower case in and out; most candidates are no words.
std::vector<std::string> word_forms(std::string_view word);

class WordTable {
 public:
  // Maps the file; its pages come in as they are needed. ErrorKind::not_found when it is absent,
  // invalid when it is no such file or damaged in its structure.
  static base::Result<std::unique_ptr<WordTable>> open(const std::string& path);
  ~WordTable();
  WordTable(const WordTable&) = delete;
  WordTable& operator=(const WordTable&) = delete;

  // The row of a word or of what it is a form of.
  std::optional<std::size_t> find(std::string_view word) const;
  std::span<const std::int8_t> vector(std::size_t row) const;
  // How much the word says, above 0, at most 1: the rarer, the more.
  float weight(std::size_t row) const;
  std::size_t dimensions() const { return header_.dimensions; }
  std::size_t word_count() const { return header_.word_count; }
  std::string_view checksum() const { return {header_.checksum, sizeof header_.checksum}; }

 private:
  WordTable(const std::byte* mapped, std::size_t size) : mapped_(mapped), size_(size) {}
  base::Result<void> lay_out();
  std::optional<std::size_t> find_exactly(std::string_view word) const;

  const std::byte* mapped_;
  std::size_t size_;
  WordTableHeader header_{};
  std::span<const std::uint32_t> offsets_{};
  std::span<const std::uint32_t> rows_{};
  std::span<const float> weights_{};
  std::string_view texts_{};
  std::span<const std::int8_t> vectors_{};
};

}  // namespace colonnade::providers::embeddings
