// GET /global/health (tandem §2.1), for anybody: nothing in it that only some may know.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/runs/runs.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

class HealthResource {
 public:
  struct Dependencies {
    const Callers& callers;
    core::Runs& runs;
    base::Clock& clock;
    std::string version{};
    base::SteadyTime started_at{};
  };
  explicit HealthResource(Dependencies deps) : deps_(std::move(deps)) {}

  base::Task<net::Reply> health(RequestPtr request);

 private:
  Dependencies deps_;
};

}  // namespace colonnade::dialects::tandem
