#include "providers/embeddings/word_table.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/memory/limits.hpp"
#include "providers/embeddings/limits.hpp"

namespace colonnade::providers::embeddings {

using base::ErrorKind;
using base::fail;

static_assert(std::endian::native == std::endian::little, "the file is mapped as it is");

namespace {

struct Ending {
  std::string_view from;
  std::string_view to;
};

constexpr Ending endings[] = {
    {"'s", ""},     {"s", ""},    {"ses", "s"}, {"xes", "x"},  {"zes", "z"}, {"ches", "ch"},
    {"shes", "sh"}, {"ies", "y"}, {"es", "e"},  {"es", ""},    {"ied", "y"}, {"ed", "e"},
    {"ed", ""},     {"ing", "e"}, {"ing", ""},  {"iest", "y"}, {"ier", "y"}, {"est", "e"},
    {"est", ""},    {"er", "e"},  {"er", ""},   {"ily", "y"},  {"ly", ""},
};
constexpr std::size_t stem_bytes_min = 3;

bool is_doubled(std::string_view stem) {
  return stem.size() > stem_bytes_min && stem[stem.size() - 1] == stem[stem.size() - 2];
}

std::unexpected<base::Error> damaged(const char* why) {
  return fail(ErrorKind::invalid, std::string("no file of word vectors: ") + why);
}

}  // namespace

std::vector<std::string> word_forms(std::string_view word) {
  std::vector<std::string> out{std::string(word)};
  for (const auto& [from, to] : endings) {
    if (!word.ends_with(from) || word.size() < from.size() + stem_bytes_min - 1) continue;
    const std::string_view stem = word.substr(0, word.size() - from.size());
    out.emplace_back(std::string(stem).append(to));
    // "planned", "running": the last letter was doubled.
    if (to.empty() && is_doubled(stem)) out.emplace_back(stem.substr(0, stem.size() - 1));
  }
  return out;
}

base::Result<std::unique_ptr<WordTable>> WordTable::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorKind::not_found, "there is no file " + path);
  struct stat status{};
  const bool known = ::fstat(file, &status) == 0;
  const auto size = known ? static_cast<std::size_t>(status.st_size) : 0;
  if (size < sizeof(WordTableHeader) || size > limits::word_vectors_bytes_max) {
    ::close(file);
    return damaged("its size is wrong");
  }
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) return fail(ErrorKind::unavailable, path + " cannot be mapped");
  std::unique_ptr<WordTable> table(new WordTable(static_cast<const std::byte*>(mapped), size));
  if (auto laid_out = table->lay_out(); !laid_out) return fail(std::move(laid_out.error()));
  // Words are looked up here and there; what the look at its layout brought in is not needed.
  (void)::madvise(mapped, size, MADV_RANDOM);
  (void)::madvise(mapped, size, MADV_DONTNEED);
  return table;
}

WordTable::~WordTable() { ::munmap(const_cast<std::byte*>(mapped_), size_); }

base::Result<void> WordTable::lay_out() {
  std::memcpy(&header_, mapped_, sizeof header_);
  if (std::memcmp(header_.magic, WordTableHeader{}.magic, sizeof header_.magic) != 0) {
    return damaged("it has another format");
  }
  const std::size_t words = header_.word_count;
  const std::size_t rows = header_.row_count;
  const std::size_t wanted = sizeof header_ + (words + 1 + words + rows) * 4 + header_.text_bytes +
                             rows * header_.dimensions;
  if (words == 0 || rows == 0 || header_.dimensions == 0 ||
      header_.dimensions > limits::memory_dimensions_max || wanted != size_) {
    return damaged("its parts do not fit its size");
  }
  const std::byte* at = mapped_ + sizeof header_;
  offsets_ = {reinterpret_cast<const std::uint32_t*>(at), words + 1};
  at += offsets_.size_bytes();
  rows_ = {reinterpret_cast<const std::uint32_t*>(at), words};
  at += rows_.size_bytes();
  weights_ = {reinterpret_cast<const float*>(at), rows};
  at += weights_.size_bytes();
  texts_ = {reinterpret_cast<const char*>(at), header_.text_bytes};
  at += texts_.size();
  vectors_ = {reinterpret_cast<const std::int8_t*>(at), rows * header_.dimensions};
  if (!std::ranges::is_sorted(offsets_) || offsets_.back() != texts_.size()) {
    return damaged("its words are not in order");
  }
  if (std::ranges::any_of(rows_, [rows](std::uint32_t row) { return row >= rows; })) {
    return damaged("a word has no vector");
  }
  return {};
}

std::optional<std::size_t> WordTable::find_exactly(std::string_view word) const {
  const auto text = [this](std::size_t i) {
    return texts_.substr(offsets_[i], offsets_[i + 1] - offsets_[i]);
  };
  std::size_t low = 0;
  std::size_t high = rows_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (text(middle) < word) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == rows_.size() || text(low) != word) return std::nullopt;
  return rows_[low];
}

std::optional<std::size_t> WordTable::find(std::string_view word) const {
  for (const std::string& form : word_forms(word)) {
    if (auto row = find_exactly(form)) return row;
  }
  return std::nullopt;
}

std::span<const std::int8_t> WordTable::vector(std::size_t row) const {
  return vectors_.subspan(row * header_.dimensions, header_.dimensions);
}

float WordTable::weight(std::size_t row) const { return weights_[row]; }

}  // namespace colonnade::providers::embeddings
