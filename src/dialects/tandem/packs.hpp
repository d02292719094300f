// /packs… (tandem §2.11, §4.10). What this server has besides the contract: an archive may be the
// body itself (application/zip), detect says what is in it, and update takes an archive.
#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/packs/packs.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class PackResource {
 public:
  PackResource(core::Packs& packs, AnswerOnce& answer_once)
      : packs_(packs), answer_once_(answer_once) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> inspect(core::Principal who, RequestPtr request);
  base::Task<net::Reply> detect(core::Principal who, RequestPtr request);
  base::Task<net::Reply> install(core::Principal who, RequestPtr request);
  base::Task<net::Reply> uninstall(core::Principal who, RequestPtr request);
  base::Task<net::Reply> write_archive(core::Principal who, RequestPtr request);
  base::Task<net::Reply> updates(core::Principal who, RequestPtr request);
  base::Task<net::Reply> update(core::Principal who, RequestPtr request);
  base::Task<Attempted> install_once(core::Principal who, RequestPtr request, Attempt attempt);

  core::Packs& packs_;
  AnswerOnce& answer_once_;
};

}  // namespace colonnade::dialects::tandem
