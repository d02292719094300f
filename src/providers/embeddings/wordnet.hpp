// Reads WordNet's files, as the Debian package wordnet-base has them. For the trainer only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace colonnade::providers::embeddings {

// A set of words with one meaning.
struct Synset {
  struct Relation {
    char symbol = ' ';  // as in wninput(5): '@' is a, '~' its reverse, '&' similar, '+' derived …
    std::uint32_t to = 0;  // an index
  };
  struct Lemma {
    std::string text{};  // lower case, '_' between the words of a phrase
    int sense = 1;       // 1: what the word usually means
  };
  std::vector<Lemma> lemmas{};
  std::vector<Relation> relations{};
  std::string definition{};
  std::string examples{};
};

struct WordNet {
  std::vector<Synset> synsets{};
  std::unordered_map<std::string, int> counts{};  // of lemmas in texts that people have tagged
  std::vector<std::pair<std::string, std::string>> irregular{};  // form, lemma: "mice", "mouse"
};

// Throws std::runtime_error when a file is missing or not as wndb(5) says.
WordNet read_wordnet(const std::string& folder);

// Runs of ASCII letters, in lower case; two letters or more.
std::vector<std::string> letters_of(std::string_view text);

}  // namespace colonnade::providers::embeddings
