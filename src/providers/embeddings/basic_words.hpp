// The embedder that needs nothing else: a text is the weighted mean of its words' vectors.
//
// It knows synonyms and kinships of English words, not sentences: "basic", and labelled so. Words
// that it does not know (names, numbers, other languages) get directions made from their letters,
// so that they meet themselves and their inflections.
#pragma once

#include <memory>
#include <string>

#include "core/memory/embedder.hpp"
#include "providers/embeddings/word_table.hpp"

namespace colonnade::providers::embeddings {

std::unique_ptr<core::Embedder> basic_words(std::unique_ptr<WordTable> table);

// The same without a lane; microseconds. Empty when no word says anything.
std::vector<float> place_of_text(const WordTable& table, std::string_view text);

}  // namespace colonnade::providers::embeddings
