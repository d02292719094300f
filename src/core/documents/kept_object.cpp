#include "core/documents/kept_object.hpp"

#include <utility>

namespace colonnade::core {

using base::fail;
using base::Json;

std::optional<KeptObject> object_in(Document document) {
  Json tree = Json::parse(document.text, nullptr, false);
  if (!tree.is_object()) return std::nullopt;
  return KeptObject{.document = std::move(document), .tree = std::move(tree)};
}

base::Task<base::Result<KeptObject>> kept_object(DocumentStore* store, DocumentPlace place,
                                                 std::string key) {
  const Scope scope = place.scope;
  auto found = co_await store->document(std::move(place), key);
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) {
    co_return KeptObject{.document = {.scope = scope, .key = std::move(key)}};
  }
  auto object = object_in(std::move(**found));
  if (!object) {
    co_return fail(base::ErrorKind::internal, "the document '" + key + "' is no JSON object");
  }
  co_return std::move(*object);
}

}  // namespace colonnade::core
