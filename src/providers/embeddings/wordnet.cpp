#include "providers/embeddings/wordnet.hpp"

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace colonnade::providers::embeddings {
namespace {

struct Part {
  char letter;
  const char* name;
};
constexpr Part parts[] = {{'n', "noun"}, {'v', "verb"}, {'a', "adj"}, {'r', "adv"}};

using Places = std::map<std::pair<char, std::uint32_t>, std::uint32_t>;  // part, offset → index

struct RawRelation {
  char symbol;
  std::pair<char, std::uint32_t> to;
};

std::ifstream open_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return file;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// "(a)" behind an adjective says where it may stand.
std::string lemma_text(std::string text) { return lower(text.substr(0, text.find('('))); }

void read_gloss(const std::string& gloss, Synset& out) {
  bool quoted = false;
  for (const char c : gloss) {
    if (c == '"') {
      quoted = !quoted;
      out.examples += ' ';
      out.definition += ' ';
    } else {
      (quoted ? out.examples : out.definition) += c;
    }
  }
}

Synset read_synset(std::istringstream& line, std::vector<RawRelation>& relations) {
  Synset out;
  std::string skipped;
  std::string word;
  line >> skipped >> skipped;  // lexicographer's file, type
  int words = 0;
  line >> std::hex >> words >> std::dec;
  for (int i = 0; i < words; ++i) {
    line >> word >> skipped;
    out.lemmas.push_back({.text = lemma_text(word)});
  }
  int pointers = 0;
  line >> pointers;
  for (int i = 0; i < pointers; ++i) {
    std::string symbol;
    std::uint32_t offset = 0;
    char part = ' ';
    line >> symbol >> offset >> part >> skipped;
    relations.push_back({symbol.front(), {part == 's' ? 'a' : part, offset}});
  }
  if (!line) throw std::runtime_error("a line of WordNet's data is not understood");
  std::string gloss;
  std::getline(line, gloss);
  read_gloss(gloss.substr(gloss.find('|') + 1), out);
  return out;
}

// Lines of `<form> <lemma>`.
void read_irregular(const std::string& path, WordNet& out) {
  std::ifstream file = open_file(path);
  std::string form;
  std::string lemma;
  while (file >> form >> lemma) {
    out.irregular.emplace_back(form, lemma);
    file.ignore(1 << 16, '\n');
  }
}

// Which sense of a word a synset is: its place in the word's line.
void read_senses(const std::string& path, char part, const Places& places, WordNet& out) {
  std::ifstream file = open_file(path);
  for (std::string text; std::getline(file, text);) {
    if (text.starts_with(' ')) continue;
    std::istringstream line(text);
    std::string lemma;
    std::string skipped;
    int synsets = 0;
    int pointers = 0;
    line >> lemma >> skipped >> synsets >> pointers;
    for (int i = 0; i < pointers + 2; ++i) line >> skipped;
    std::uint32_t offset = 0;
    for (int sense = 1; line >> offset; ++sense) {
      const auto place = places.find({part, offset});
      if (place == places.end()) continue;
      for (Synset::Lemma& one : out.synsets[place->second].lemmas) {
        if (one.text == lemma) one.sense = sense;
      }
    }
  }
}

}  // namespace

WordNet read_wordnet(const std::string& folder) {
  WordNet out;
  Places places;
  std::vector<std::vector<RawRelation>> relations;
  for (const auto& [letter, name] : parts) {
    std::ifstream file = open_file(folder + "/data." + name);
    for (std::string text; std::getline(file, text);) {
      if (text.starts_with(' ')) continue;  // the licence
      std::istringstream line(text);
      std::uint32_t offset = 0;
      line >> offset;
      places[{letter, offset}] = static_cast<std::uint32_t>(out.synsets.size());
      out.synsets.push_back(read_synset(line, relations.emplace_back()));
    }
  }
  for (std::size_t i = 0; i < relations.size(); ++i) {
    for (const RawRelation& raw : relations[i]) {
      const auto place = places.find(raw.to);
      if (place != places.end()) {
        out.synsets[i].relations.push_back({raw.symbol, place->second});
      }
    }
  }
  for (const auto& [letter, name] : parts) {
    read_senses(folder + "/index." + name, letter, places, out);
    read_irregular(folder + "/" + name + ".exc", out);
  }
  std::ifstream counts = open_file(folder + "/cntlist.rev");
  std::string key;
  int sense = 0;
  int count = 0;
  while (counts >> key >> sense >> count) out.counts[key.substr(0, key.find('%'))] += count;
  return out;
}

std::vector<std::string> letters_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto end_word = [&] {
    if (word.size() > 1) out.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      word += c;
    } else if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else {
      end_word();
    }
  }
  end_word();
  return out;
}

}  // namespace colonnade::providers::embeddings
