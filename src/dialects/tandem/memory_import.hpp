// POST /memory/import: what npm's importPath() sends (tandem §5), and records as GET /memory has
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/memory/memory_imports.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// The body. Of `folder` and `records` one is there.
struct MemoryImportBody {
  std::optional<core::FolderImport> folder{};
  std::vector<core::NewMemory> records{};
  std::size_t left_out = 0;  // records that searches did not find any more: demoted ones
  std::string run_id{};
  std::string partition{};
  // As they were sent, to be said again; "" for none.
  std::string format{};
  std::string tier{};
  std::string project{};
  std::string session{};
  std::string binding{};
};
// {"source":{"kind":"path","path"},"format"?,"tier"?,"project_id"?,"session_id"?,
// "source_binding_id"?,"sync_deletes"?}, or {"items":[…]}. `client` as for read_memory_put().
// Errors: invalid with the field ("items[3].kind"), forbidden and unauthorized as a capability
// says.
base::Result<MemoryImportBody> read_memory_import(const base::Json& body, std::string_view client,
                                                  base::Time now);

class MemoryImportResource {
 public:
  MemoryImportResource(core::MemoryImports& imports, base::Clock& clock)
      : imports_(imports), clock_(clock) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> import(core::Principal who, RequestPtr request);

  core::MemoryImports& imports_;
  base::Clock& clock_;
};

}  // namespace colonnade::dialects::tandem
