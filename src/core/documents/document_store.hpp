// The store port for documents, as core/events/journal.hpp says of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/documents/document.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

// Whose documents, of what kind.
struct DocumentPlace {
  DocumentPlace(Scope scope_in, std::string_view collection_in, std::string owner_in)
      : scope(std::move(scope_in)), collection(collection_in), owner(std::move(owner_in)) {}
  Scope scope;
  std::string collection;
  std::string owner;
};

struct DocumentPage {
  std::string prefix{};    // of the key; "" for all
  std::string after{};     // the key behind which the page begins; "" for its beginning
  bool backwards = false;  // from the last key; `after` is then the key before which it begins
  std::size_t limit = limits::page_rows_max;
};

class DocumentStore {
 public:
  virtual ~DocumentStore() = default;
  virtual base::Task<base::Result<std::optional<Document>>> document(DocumentPlace place,
                                                                     std::string key) = 0;
  // In the order of their keys, byte by byte.
  virtual base::Task<base::Result<std::vector<Document>>> documents(DocumentPlace place,
                                                                    DocumentPage page) = 0;
  // Of every scope and owner, `limit` at most; for what is read once, at the start.
  virtual base::Task<base::Result<std::vector<Document>>> documents_of_every_scope(
      std::string collection, std::size_t limit) = 0;
};

// Inserts, or replaces the text of the one with that place and key. conflict when it is not at
// `revision_before`; too_large when it is new and the place has `documents_max` already, unless the
// first ones, by key, are to make room.
struct PutDocument {
  Document document;
  std::optional<std::int64_t> revision_before{};  // 0: there must be none; nullopt: any
  std::size_t documents_max = 0;
  bool first_make_room = false;
};
struct RemoveDocument {  // not_found; conflict when it is not at `revision_before`
  std::string collection{};
  std::string owner{};
  std::string key{};
  std::optional<std::int64_t> revision_before{};
};

}  // namespace colonnade::core
