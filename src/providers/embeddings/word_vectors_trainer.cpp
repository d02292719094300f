// Makes the file of word vectors from WordNet: word_vectors_trainer <WordNet folder> <output file>.
//
// Each meaning (synset) is described by words: its own, those of its definition and examples, and,
// with less weight, those of related meanings. Words that describe the same meanings lie close: the
// matrix of meanings and words, as positive pointwise mutual information, is brought down to its
// largest directions. Deterministic; a quarter of a minute.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.hpp"
#include "providers/embeddings/factorisation.hpp"
#include "providers/embeddings/word_table.hpp"
#include "providers/embeddings/wordnet.hpp"

namespace colonnade::providers::embeddings {
namespace {

// Chosen with bench/recall.
struct Options {
  std::size_t words = 40'000;
  std::size_t dimensions = 104;
  int iterations = 5;
  float power = 0.25F;       // how much the larger directions count for more
  float own_word = 1.0F;     // weights of what describes a meaning
  float phrase_word = 0.7F;  // a word of a phrase that names it
  float definition_word = 0.5F;
  float example_word = 0.25F;
  float related = 0.6F;              // of a related meaning's description
  std::size_t describing_max = 150;  // words of one meaning, the heaviest
  double context_power = 0.75;       // evens out how much common words count
  double weight_half = 1e-3;         // share of all words at which a word says half as much
};

float relation_weight(char symbol) {
  switch (symbol) {
    case '@': return 0.6F;   // is a
    case '~': return 0.35F;  // the reverse
    case '&': return 0.8F;   // similar
    case '+':
    case '\\': return 0.9F;  // derived from, pertains to
    case '$': return 0.8F;   // a group of verbs
    case '*':
    case '>': return 0.5F;  // entails, causes
    case '#':
    case '%': return 0.4F;  // part of, has the part
    case '=':
    case '^': return 0.5F;  // attribute, see also
    case '!': return 0.3F;  // opposite
    default: return 0.15F;  // of a field
  }
}

using Words = std::unordered_map<std::string, std::uint32_t>;
using Description = std::map<std::uint32_t, float>;

class Trainer {
 public:
  Trainer(WordNet net, Options options) : net_(std::move(net)), options_(options) {}

  void run(const std::string& file) {
    find_lemmas();
    count_words();
    choose_words();
    const auto own = describe();
    auto matrix = related(own);
    const auto counted = weigh(matrix);
    std::fprintf(stderr, "%zu meanings, %zu words, %zu entries\n", matrix.size(), names_.size(),
                 counted);
    Dense places = column_places(matrix, names_.size(), options_.dimensions, options_.iterations,
                                 options_.power);
    write(file, places);
  }

 private:
  // The lemma that a word of a text is a form of; "" for none.
  std::string lemma_of(const std::string& word) const {
    const auto irregular = irregular_.find(word);
    if (irregular != irregular_.end()) return irregular->second;
    for (const std::string& form : word_forms(word)) {
      if (lemmas_.contains(form)) return form;
    }
    return {};
  }

  void find_lemmas() {
    for (const Synset& synset : net_.synsets) {
      for (const Synset::Lemma& lemma : synset.lemmas) {
        const auto letters = letters_of(lemma.text);
        if (letters.size() == 1 && letters[0] == lemma.text) lemmas_.insert(lemma.text);
      }
    }
    for (const auto& [form, lemma] : net_.irregular) {
      if (!lemmas_.contains(form) && lemmas_.contains(lemma)) irregular_.emplace(form, lemma);
    }
  }

  template <class Use>
  void each_lemma(std::string_view text, Use use) const {
    for (const std::string& word : letters_of(text)) {
      const std::string lemma = lemma_of(word);
      if (!lemma.empty()) use(lemma);
    }
  }

  void count_words() {
    const auto add = [this](const std::string& lemma) {
      ++frequency_[lemma];
      ++total_;
    };
    for (const Synset& synset : net_.synsets) {
      each_lemma(synset.definition, add);
      each_lemma(synset.examples, add);
    }
    for (const auto& [lemma, count] : net_.counts) {
      if (!lemmas_.contains(lemma)) continue;
      frequency_[lemma] += count;
      total_ += count;
    }
  }

  // Those in use; words that say nothing have no place.
  void choose_words() {
    std::vector<std::pair<std::int64_t, std::string>> order;
    for (const std::string& lemma : lemmas_) {
      const auto found = frequency_.find(lemma);
      const std::int64_t uses = found == frequency_.end() ? 0 : found->second;
      if (uses > 0) order.emplace_back(-uses, lemma);
    }
    std::ranges::sort(order);
    for (const auto& [uses, lemma] : order) {
      if (names_.size() == options_.words) break;
      words_.emplace(lemma, static_cast<std::uint32_t>(names_.size()));
      names_.push_back(lemma);
    }
  }

  void add(Description& to, const std::string& lemma, float weight) const {
    const auto word = words_.find(lemma);
    if (word != words_.end()) to[word->second] += weight;
  }

  std::vector<Description> describe() const {
    std::vector<Description> out(net_.synsets.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Synset& synset = net_.synsets[i];
      for (const Synset::Lemma& lemma : synset.lemmas) {
        const float sense = 1 / std::sqrt(static_cast<float>(lemma.sense));
        if (lemmas_.contains(lemma.text)) {
          add(out[i], lemma.text, options_.own_word * sense);
        } else {
          each_lemma(lemma.text, [&](const std::string& word) {
            add(out[i], word, options_.phrase_word * sense);
          });
        }
      }
      each_lemma(synset.definition,
                 [&](const std::string& word) { add(out[i], word, options_.definition_word); });
      each_lemma(synset.examples,
                 [&](const std::string& word) { add(out[i], word, options_.example_word); });
    }
    return out;
  }

  // Adds the descriptions of related meanings, shared out among those of one kind.
  std::vector<SparseRow> related(const std::vector<Description>& own) const {
    std::vector<SparseRow> out(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      Description all = own[i];
      std::map<char, float> kinds;
      for (const auto& relation : net_.synsets[i].relations) kinds[relation.symbol] += 1;
      for (const auto& relation : net_.synsets[i].relations) {
        const float share =
            options_.related * relation_weight(relation.symbol) / std::sqrt(kinds[relation.symbol]);
        for (const auto& [word, weight] : own[relation.to]) all[word] += share * weight;
      }
      std::vector<std::pair<float, std::uint32_t>> heaviest;
      for (const auto& [word, weight] : all) heaviest.emplace_back(-weight, word);
      std::ranges::sort(heaviest);
      if (heaviest.size() > options_.describing_max) heaviest.resize(options_.describing_max);
      for (const auto& [weight, word] : heaviest) {
        out[i].columns.push_back(word);
        out[i].values.push_back(-weight);
      }
    }
    return out;
  }

  // Positive pointwise mutual information in place of weights; how many entries are left.
  std::size_t weigh(std::vector<SparseRow>& matrix) const {
    std::vector<double> of_word(names_.size(), 0);
    std::vector<double> of_meaning(matrix.size(), 0);
    double total = 0;
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      for (std::size_t j = 0; j < matrix[i].columns.size(); ++j) {
        const auto value = static_cast<double>(matrix[i].values[j]);
        of_word[matrix[i].columns[j]] += value;
        of_meaning[i] += value;
      }
      of_meaning[i] = std::pow(of_meaning[i], options_.context_power);
      total += of_meaning[i];
    }
    std::size_t left = 0;
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      SparseRow kept;
      for (std::size_t j = 0; j < matrix[i].columns.size(); ++j) {
        const std::uint32_t word = matrix[i].columns[j];
        const double information = std::log(static_cast<double>(matrix[i].values[j]) * total /
                                            (of_word[word] * of_meaning[i]));
        if (information <= 0) continue;
        kept.columns.push_back(word);
        kept.values.push_back(static_cast<float>(information));
      }
      left += kept.columns.size();
      matrix[i] = std::move(kept);
    }
    return left;
  }

  // Every form that leads to a word of the table, and the row of that word.
  std::map<std::string, std::uint32_t> all_forms() const {
    std::map<std::string, std::uint32_t> out(words_.begin(), words_.end());
    for (const auto& [form, lemma] : irregular_) {
      const auto word = words_.find(lemma);
      if (word != words_.end()) out.emplace(form, word->second);
    }
    return out;
  }

  float weight_of(const std::string& lemma) const {
    const double share = static_cast<double>(frequency_.at(lemma)) / static_cast<double>(total_);
    return static_cast<float>(options_.weight_half / (options_.weight_half + share));
  }

  template <class T>
  static void append(std::string& out, const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  void write(const std::string& file, const Dense& places) const {
    const auto forms = all_forms();
    std::string body;
    std::string texts;
    for (const auto& [form, row] : forms) {
      append(body, static_cast<std::uint32_t>(texts.size()));
      texts += form;
    }
    append(body, static_cast<std::uint32_t>(texts.size()));
    for (const auto& [form, row] : forms) append(body, row);
    for (const std::string& name : names_) append(body, weight_of(name));
    body += texts;
    for (std::size_t i = 0; i < places.rows; ++i) {
      float largest = 1e-20F;
      for (std::size_t k = 0; k < places.columns; ++k) {
        largest = std::max(largest, std::abs(places.row(i)[k]));
      }
      for (std::size_t k = 0; k < places.columns; ++k) {
        const float scaled = std::round(places.row(i)[k] / largest * 127);
        body += static_cast<char>(static_cast<std::int8_t>(scaled));
      }
    }
    WordTableHeader header;
    header.word_count = static_cast<std::uint32_t>(forms.size());
    header.row_count = static_cast<std::uint32_t>(names_.size());
    header.dimensions = static_cast<std::uint32_t>(places.columns);
    header.text_bytes = static_cast<std::uint32_t>(texts.size());
    const std::string sum = base::sha256_hex(body);
    std::memcpy(header.checksum, sum.data(), sizeof header.checksum);
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(&header), sizeof header);
    out.write(body.data(), static_cast<std::streamsize>(body.size()));
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file);
  }

  WordNet net_;
  Options options_;
  std::unordered_set<std::string> lemmas_;  // single words
  std::unordered_map<std::string, std::string> irregular_;
  std::unordered_map<std::string, std::int64_t> frequency_;
  std::int64_t total_ = 0;
  Words words_;
  std::vector<std::string> names_;  // by row
};

}  // namespace
}  // namespace colonnade::providers::embeddings

int main(int argc, char** argv) {
  using namespace colonnade::providers::embeddings;
  if (argc != 3) {
    std::fputs("usage: word_vectors_trainer <WordNet folder> <output file>\n", stderr);
    return 2;
  }
  try {
    Trainer trainer(read_wordnet(argv[1]), {});
    trainer.run(argv[2]);
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "word_vectors_trainer: %s\n", failure.what());
    return 1;
  }
}
