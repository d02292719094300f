// /routines… and /automations… (V1): one resource in two dresses (tandem §2.5, §4.4).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routines.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/routines_wire.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class RoutineResource {
 public:
  struct Dependencies {
    core::Routines& routines;
    core::RoutineRuns& runs;
    AnswerOnce& answer_once;
  };
  RoutineResource(RoutineFamily family, Dependencies deps) : family_(family), deps_(deps) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> create(core::Principal who, RequestPtr request);
  base::Task<net::Reply> update(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);
  base::Task<net::Reply> run_now(core::Principal who, RequestPtr request);
  base::Task<net::Reply> history(core::Principal who, RequestPtr request);
  base::Task<net::Reply> runs_of_one(core::Principal who, RequestPtr request);
  base::Task<net::Reply> runs_of_all(core::Principal who, RequestPtr request);
  base::Task<net::Reply> run(core::Principal who, RequestPtr request);
  base::Task<net::Reply> approve(core::Principal who, RequestPtr request);
  base::Task<net::Reply> deny(core::Principal who, RequestPtr request);
  base::Task<net::Reply> pause(core::Principal who, RequestPtr request);
  base::Task<net::Reply> resume(core::Principal who, RequestPtr request);
  base::Task<net::Reply> artifacts(core::Principal who, RequestPtr request);
  base::Task<net::Reply> add_artifact(core::Principal who, RequestPtr request);
  base::Task<net::Reply> content(core::Principal who, RequestPtr request);

  base::Task<Attempted> create_once(core::Principal who, RequestPtr request, Attempt attempt);
  base::Task<Attempted> run_once(core::Principal who, RequestPtr request, Attempt attempt);

  net::Response routine_error(const base::Error& error, const std::string& id) const;
  net::Response run_error(const base::Error& error, const std::string& shown_id,
                          std::string_view conflict_code) const;
  net::Response started(const core::RoutineRun& run) const;
  net::Response run_list(const std::vector<core::RoutineRun>& runs, const std::string& of) const;

  RoutineFamily family_;
  Dependencies deps_;
};

}  // namespace colonnade::dialects::tandem
