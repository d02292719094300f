// Resources: values under keys, with revisions (tandem §2.14).
#pragma once

#include <vector>

#include "core/documents/resources.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// /resource
class KeyValueResource {
 public:
  explicit KeyValueResource(core::Resources& resources) : resources_(resources) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> get(core::Principal who, RequestPtr request);
  base::Task<net::Reply> write(core::Principal who, RequestPtr request);
  base::Task<net::Reply> merge(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);

  core::Resources& resources_;
};

}  // namespace colonnade::dialects::tandem
