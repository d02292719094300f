// What runs changed in a session's files, and undoing it (tandem §2.2).
#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/snapshots/snapshots.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class FileChangeResource {
 public:
  FileChangeResource(core::Threads& threads, core::Snapshots& snapshots, AnswerOnce& answer_once)
      : threads_(threads), snapshots_(snapshots), answer_once_(answer_once) {}

  // Of the last run that changed files: a unified diff and their paths.
  base::Task<net::Reply> diff(core::Principal who, RequestPtr request);
  base::Task<net::Reply> revert(core::Principal who, RequestPtr request);
  base::Task<net::Reply> unrevert(core::Principal who, RequestPtr request);

 private:
  using Restore = base::Task<base::Result<core::RestoredFiles>> (core::Snapshots::*)(
      core::Principal who, core::Undoing undoing);
  base::Task<net::Reply> restore(core::Principal who, RequestPtr request, Restore work);
  base::Task<Attempted> restore_once(core::Principal who, RequestPtr request, Restore work,
                                     Attempt attempt);

  core::Threads& threads_;
  core::Snapshots& snapshots_;
  AnswerOnce& answer_once_;
};

std::vector<net::Route> file_change_routes(const Callers& in, FileChangeResource& changes);

}  // namespace colonnade::dialects::tandem
