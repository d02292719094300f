// Routes for the operator's own commands on a running server: tokens. They lie below
// /api/v1/operator and answer to the operator's token only.
//
//   GET    /api/v1/operator/tokens?user=U&scope=S  {"tokens":[{id,name,user,scope,role,kind,
//                                                   created_at}]}
//   POST   /api/v1/operator/tokens {name,scope,user,role}  one of those, with its token
//   DELETE /api/v1/operator/tokens/{id}?scope=S    {"revoked":id}
//
// Without `scope` the one that the operator looks at. An operator of one scope has that one only.
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

// Who a new token lets in. The role is operator or member; an operator's scope may be "*", for all.
// Errors: invalid with the field "scope", "user" or "role".
base::Result<core::Principal> bearer_of(const std::string& scope, const std::string& user,
                                        const std::string& role);
core::CredentialKind token_kind(const core::Principal& bearer);

// One row, as the routes and `colonnade token --json` write it; `token` "" leaves the member out.
std::string encode_token(const core::Credential& credential, const std::string& token);
std::string encode_tokens(const std::vector<core::Credential>& credentials);

}  // namespace colonnade::app
