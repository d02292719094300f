// Routes for the operator's own commands on a running server: tokens. They lie below
// /api/v1/operator and answer to the operator's token only.
//
//   GET    /api/v1/operator/tokens?user=U         {"tokens":[{id,name,user,kind,created_at}]}
//   POST   /api/v1/operator/tokens {name,user,operator?}  {id,name,user,kind,created_at,token}
//   DELETE /api/v1/operator/tokens/{id}            {"revoked":id}
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/access/credential_store.hpp"
#include "core/access/credentials.hpp"
#include "net/router.hpp"

namespace colonnade::app {

class OperatorRoutes {
 public:
  OperatorRoutes(core::Credentials& credentials, core::CredentialStore& store)
      : credentials_(credentials), store_(store) {}

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();

 private:
  using RequestPtr = std::shared_ptr<const net::Request>;
  base::Task<net::Reply> list(RequestPtr request);
  base::Task<net::Reply> create(RequestPtr request);
  base::Task<net::Reply> revoke(RequestPtr request);

  core::Credentials& credentials_;
  core::CredentialStore& store_;
};

// One row, as the routes and `colonnade token --json` write it; `token` "" leaves the member out.
std::string encode_token(const core::Credential& credential, const std::string& token);
std::string encode_tokens(const std::vector<core::Credential>& credentials);

}  // namespace colonnade::app
