// Documents that are JSON objects: reading one.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/documents/document.hpp"
#include "core/documents/document_store.hpp"

namespace colonnade::core {

struct KeptObject {
  Document document;
  base::Json tree = base::Json::object();

  // For PutDocument: it is replaced as it was read.
  std::int64_t revision() const { return document.revision; }
};

// nullopt for a text that is no JSON object.
std::optional<KeptObject> object_in(Document document);

// The object that is kept in `place` under `key`; an empty one, at revision 0, where there is none.
// Errors: internal for a document that is no object, which nobody may take for none; the store's.
base::Task<base::Result<KeptObject>> kept_object(DocumentStore* store, DocumentPlace place,
                                                 std::string key);

}  // namespace colonnade::core
